import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { answered, api } from "../../../api/client";
import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { isOdd, setText, textOf } from "../model/template";

/** Narrows the webhook to one device, or to none in particular. */
export function DevicePicker() {
  const { template, findings, edit } = useDraft();
  const devices = useQuery({
    queryKey: ["devices", "mine"],
    queryFn: () => answered(api.GET("/v1/devices")),
  });
  const chosen = textOf(template, "deviceID") ?? "";
  const data = (devices.data ?? []).map(({ id, name }) => ({ value: id as string, label: name ?? id }));
  if (chosen !== "" && !data.some(({ value }) => value === chosen))
    data.unshift({ value: chosen, label: chosen });
  return (
    <Select
      label="Device"
      placeholder="Any of mine"
      data={data}
      limit={50}
      searchable
      clearable
      value={chosen === "" ? null : chosen}
      disabled={isOdd(template, "deviceID")}
      error={
        errorOf(findings, "deviceID") ?? (devices.isError ? "The devices could not be loaded" : undefined)
      }
      nothingFoundMessage="No device of that name"
      onChange={(id) => edit((template) => setText(template, "deviceID", id ?? ""))}
    />
  );
}
