import { Tabs, Text } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";

import { useAddress } from "../../../frame/useAddress";
import { Empty, Failed, Loading } from "../../../parts/State";
import { filterOf } from "./filter";
import { LogFilters } from "./LogFilters";
import { LogList } from "./LogList";
import { useLog } from "./useLog";

const TABS = [
  { value: "success", label: "Successes" },
  { value: "error", label: "Errors" },
  { value: "skipped", label: "Skipped" },
  { value: "all", label: "All" },
];

/** Every attempt there is a log of, newest first. */
export function Logs({ integration }: { integration: string }) {
  const [asked, ask] = useAddress();
  const filter = filterOf(asked);
  const log = useLog(integration, filter);
  return (
    <>
      <Tabs
        value={filter.outcome ?? "all"}
        onChange={(tab) => ask({ outcome: tab === "all" ? undefined : (tab ?? undefined) })}
      >
        <Tabs.List>
          {TABS.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={filter.outcome ?? "all"} pt="sm">
          <LogFilters filter={filter} asked={asked} onAsk={ask} />
          {log.error && <Failed error={log.error} retry={log.retry} />}
          {log.height === undefined && !log.error && <Loading rows={8} height={36} />}
          {log.height === 0 && <None filtered={Object.keys(filter).length > 0} />}
          {log.height !== undefined && log.height > 0 && (
            // A list of its own for each filter: scrolled to the top, with nothing open.
            <div aria-busy={log.stale}>
              <LogList key={log.shownFor} log={log} rows={log.height} />
            </div>
          )}
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function None({ filtered }: { filtered: boolean }) {
  return (
    <Empty icon={<IconListSearch />} title={filtered ? "No attempt matches" : "No attempts yet"}>
      <Text size="sm">
        {filtered
          ? "Take a filter away, or choose another tab."
          : "An attempt is logged as soon as an event matches. Test the integration to see one now."}
      </Text>
    </Empty>
  );
}
