import { ActionIcon, Text } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { IntegrationOverview } from "../../api/shapes";
import { overview } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { History } from "../../parts/History";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";

/** Opens and closes the history of a row. */
export function Expander({
  of,
  open,
  onToggle,
}: {
  of: IntegrationOverview;
  open: boolean;
  onToggle: () => void;
}) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-expanded={open}
      aria-label={`30 days of ${nameOf(of)}`}
      onClick={onToggle}
    >
      {open ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
    </ActionIcon>
  );
}

/** The last 30 days of an integration; a bar leads to its attempts in the log. */
export function Recent({ of }: { of: IntegrationOverview }) {
  const { data, isError, error, refetch } = useQuery(overview(of.id));
  const navigate = useNavigate();
  if (isError && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={1} height={151} />;
  return (
    <>
      <Text size="xs" c="dimmed" mb={6}>
        Attempts per UTC day, last 30 days
      </Text>
      <History
        days={data.days}
        today={of.today.date}
        onPick={(day, outcome) =>
          void navigate({
            to: `/${slugOfApi(of.scope)}/integrations/${of.id}`,
            search: { outcome, day },
            hash: "log",
          } as never)
        }
      />
    </>
  );
}
