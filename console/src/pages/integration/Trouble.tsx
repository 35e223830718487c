import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { Trouble as Facts } from "../../api/shapes";
import { counted, percent } from "../../parts/numbers";
import { Time } from "../../parts/Time";

/** What goes wrong, since when and how much. */
export function Trouble({ of }: { of: Facts }) {
  const attempts = counted(of.count, "attempt");
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title={`${of.code ?? of.status ?? "Failing"}: ${of.message}`}
      role="note"
    >
      <Text size="sm">
        {attempts} failed since <Time at={of.since} whole />, {percent(of.share)} of those made.{" "}
        {of.last_success_at ? (
          <>
            The last success was at <Time at={of.last_success_at} whole />.
          </>
        ) : (
          "None has ever succeeded, as far as the log goes back."
        )}
      </Text>
    </Alert>
  );
}
