import { Kbd, UnstyledButton, Group, Text, ActionIcon } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { call } from "../api/client";
import type { Found } from "../api/contract";
import { slugOfApi } from "../api/scope";

/** Finds an integration, device, product, event, delivery or attempt by name or id, and goes there. */
export function Search() {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 150);
  const navigate = useNavigate();
  const { data, isFetching } = useQuery({
    queryKey: ["search", asked],
    enabled: asked !== "",
    queryFn: () => call<{ items: Found[] }>("GET", `/fieldhook/v1/search?q=${encodeURIComponent(asked)}`),
  });
  return (
    <>
      <UnstyledButton
        visibleFrom="sm"
        onClick={spotlight.open}
        aria-label="Search"
        style={{
          border: "1px solid var(--mantine-color-default-border)",
          borderRadius: "var(--mantine-radius-md)",
          flex: "0 1 380px",
        }}
        px="sm"
        py={6}
      >
        <Group justify="space-between" wrap="nowrap">
          <Group gap={8} wrap="nowrap">
            <IconSearch size={16} aria-hidden />
            <Text size="sm" c="dimmed" className="one-line">
              Integration, device, event or delivery
            </Text>
          </Group>
          <Kbd size="xs">Ctrl K</Kbd>
        </Group>
      </UnstyledButton>
      <ActionIcon
        hiddenFrom="sm"
        variant="subtle"
        color="gray"
        size="lg"
        onClick={spotlight.open}
        aria-label="Search"
      >
        <IconSearch size={18} />
      </ActionIcon>
      <Spotlight.Root
        shortcut={["mod + K", "/"]}
        query={text}
        onQueryChange={setText}
        scrollable
        maxHeight={420}
      >
        <Spotlight.Search
          placeholder="Name or id"
          aria-label="Name or id"
          leftSection={<IconSearch size={18} aria-hidden />}
        />
        <Spotlight.ActionsList>
          {(data?.items ?? []).map((found) => (
            <Spotlight.Action
              key={`${found.kind} ${found.id}`}
              label={found.name}
              description={`${found.kind} ${found.id}`}
              onClick={() => void navigate({ to: pathOf(found) })}
            />
          ))}
          {asked !== "" && data?.items.length === 0 && !isFetching && (
            <Spotlight.Empty>Nothing of yours is called or numbered “{asked}”</Spotlight.Empty>
          )}
          {asked === "" && <Spotlight.Empty>Type a name, or paste an id</Spotlight.Empty>}
        </Spotlight.ActionsList>
      </Spotlight.Root>
    </>
  );
}

/** Where a thing is shown. */
export function pathOf({ kind, id, scope }: Found): string {
  const slug = slugOfApi(scope);
  switch (kind) {
    case "product":
      return `/product-${id}/integrations`;
    case "organisation":
      return `/org-${id}/integrations`;
    case "delivery":
      return `/${slug}/deliveries/${id}`;
    default:
      return `/${slug}/${kind}s/${id}`;
  }
}
