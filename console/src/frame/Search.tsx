import { ActionIcon, Badge, Group, Kbd, Text, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { Spotlight } from "@mantine/spotlight";
import {
  IconActivity,
  IconBox,
  IconBuilding,
  IconCpu,
  IconRepeat,
  IconSearch,
  IconSend,
  IconWebhook,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import classes from "./Frame.module.css";
import { pathOf } from "./pathOf";
import { PLACES } from "./places";
import { markFirst, spotlight, store } from "./spotlight";
import { useScope } from "./useScope";
import { answered, api, explained } from "../api/client";

const ICON = {
  integration: IconWebhook,
  device: IconCpu,
  product: IconBox,
  organisation: IconBuilding,
  event: IconActivity,
  delivery: IconSend,
  attempt: IconRepeat,
};

/** Fields from which the shortcut does not work. */
const NONE: string[] = [];

/** Finds an integration, device, product, event, delivery or attempt by name or id, and goes there. */
export function Search() {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 150);
  // A slash typed into a field is a slash; Ctrl K is a wish wherever the focus is.
  useHotkeys([["/", spotlight.open]]);
  return (
    <>
      <Opener />
      <Spotlight.Root
        store={store}
        shortcut="mod + K"
        tagsToIgnore={NONE}
        query={text}
        onQueryChange={setText}
        scrollable
        maxHeight={420}
        attributes={{ content: { "aria-label": "Search" } }}
      >
        <Spotlight.Search
          placeholder="Name or id"
          aria-label="Name or id"
          leftSection={<IconSearch size={18} aria-hidden />}
        />
        <Spotlight.ActionsList>{asked === "" ? <Places /> : <Results asked={asked} />}</Spotlight.ActionsList>
      </Spotlight.Root>
    </>
  );
}

function Opener() {
  return (
    <>
      <UnstyledButton
        visibleFrom="sm"
        className={classes["search"]}
        onClick={spotlight.open}
        aria-keyshortcuts="Control+K Meta+K /"
      >
        <Group justify="space-between" wrap="nowrap">
          <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
            <IconSearch size={16} aria-hidden style={{ flex: "none" }} />
            <Text size="sm" c="dimmed" className="one-line">
              <VisuallyHidden>Search: </VisuallyHidden>
              Integration, device, event or delivery
            </Text>
          </Group>
          <Kbd size="xs" style={{ flex: "none" }} aria-hidden>
            {/Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K"}
          </Kbd>
        </Group>
      </UnstyledButton>
      <ActionIcon
        hiddenFrom="sm"
        variant="subtle"
        color="gray"
        size="lg"
        ml="auto"
        onClick={spotlight.open}
        aria-label="Search"
      >
        <IconSearch size={20} />
      </ActionIcon>
    </>
  );
}

/** Before anything is typed: the pages of the scope. */
function Places() {
  const { slug, name } = useScope();
  const navigate = useNavigate();
  return PLACES.map(({ path, label, icon: Icon }) => (
    <Spotlight.Action
      key={path}
      label={label}
      leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
      rightSection={
        <Text size="xs" c="dimmed" className="one-line">
          {name}
        </Text>
      }
      onClick={() => void navigate({ to: `/${slug}/${path}` })}
    />
  ));
}

function Results({ asked }: { asked: string }) {
  const navigate = useNavigate();
  const { data, error, isPending } = useQuery({
    queryKey: ["search", asked],
    placeholderData: keepPreviousData,
    queryFn: () => answered(api.GET("/fieldhook/v1/search", { params: { query: { q: asked } } })),
  });
  useEffect(markFirst, [data]);
  if (error) return <Spotlight.Empty>{explained(error)}</Spotlight.Empty>;
  if (isPending) return <Spotlight.Empty>Searching…</Spotlight.Empty>;
  if (data.items.length === 0)
    return <Spotlight.Empty>Nothing of yours is called or numbered “{asked}”</Spotlight.Empty>;
  return data.items.map((found) => {
    const Icon = ICON[found.kind];
    return (
      <Spotlight.Action
        key={`${found.kind} ${found.id}`}
        label={found.name === "" ? found.id : found.name}
        description={found.name === "" ? undefined : found.id}
        leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
        rightSection={
          <Badge variant="default" tt="none" fw={500} style={{ flex: "none" }}>
            {found.kind}
          </Badge>
        }
        onClick={() => void navigate({ to: pathOf(found) })}
      />
    );
  });
}
