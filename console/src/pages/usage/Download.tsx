import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { csv } from "./csv";
import { nameOf } from "./names";
import { type By, everyLine, type Which } from "./queries";
import { complained } from "../../parts/notify";

/** Saves every line of the table that is open, not only those that are shown. */
export function Download({ by, which }: { by: By; which: Which }) {
  const { mutate, isPending } = useMutation({
    mutationFn: () => everyLine(by, which),
    onSuccess: (lines) => {
      const rows = lines.map((line) => [
        line.key,
        nameOf(by, line),
        line.operations,
        line.publishes,
        line.received,
        line.triggers,
      ]);
      const text = csv([[by, "name", "operations", "published", "received", "triggers"], ...rows]);
      save(`fieldhook-usage-by-${by}-${which.since}-to-${which.until}.csv`, text);
    },
    onError: (error) => complained("Nothing was saved", error),
  });
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={16} />}
      loading={isPending}
      onClick={() => mutate()}
    >
      CSV
    </Button>
  );
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
