import { Badge, Button, Chip, Group, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useAddress } from "../../frame/useAddress";
import { useScope } from "../../frame/useScope";
import { CATEGORIES, found, type Preset } from "../../gallery";
import { Empty } from "../../parts/State";
import { Page } from "../../parts/Page";
import classes from "./Gallery.module.css";

/** Services that a webhook can be made for in a minute; choosing one fills the builder. */
export default function Gallery() {
  const { slug } = useScope();
  const [text, setText] = useState("");
  const [asked, ask] = useAddress();
  const category = CATEGORIES.find((name) => name === asked["category"]) ?? null;
  const presets = found(text, category);
  return (
    <Page
      title="Gallery"
      above={[{ label: "Integrations", to: `/${slug}/integrations` }]}
      says="Choose where your events go. Everything can be changed before it is saved."
      actions={
        <Button variant="default" component={Link} to={`/${slug}/integrations/new`}>
          From nothing
        </Button>
      }
    >
      <Group gap="sm">
        <TextInput
          aria-label="Search the gallery"
          placeholder="Search"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Group gap={6} role="group" aria-label="Category">
          {CATEGORIES.slice(1).map((name) => (
            <Chip
              key={name}
              size="sm"
              checked={category === name}
              onChange={(checked) => ask({ category: checked ? name : undefined })}
            >
              {name}
            </Chip>
          ))}
        </Group>
      </Group>
      {presets.length === 0 ? (
        <Empty icon={<IconSearch />} title="No preset is like that">
          Whatever takes an HTTP request can be reached: begin with the custom webhook.
        </Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="sm">
          {presets.map((preset) => (
            <Card key={preset.id} preset={preset} slug={slug} />
          ))}
        </SimpleGrid>
      )}
    </Page>
  );
}

function Card({ preset, slug }: { preset: Preset; slug: string }) {
  const { id, title, category, summary, secrets } = preset;
  return (
    <Link
      to="/$scope/integrations/new"
      params={{ scope: slug }}
      search={{ preset: id }}
      className={classes.card}
    >
      <Stack gap={6} h="100%">
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Title order={2} size="h5" className="one-line">
            {title}
          </Title>
          <Badge size="sm" variant="light" color="gray" tt="none" flex="none">
            {category}
          </Badge>
        </Group>
        <Text size="sm">{summary}</Text>
        <Text size="xs" c="dimmed" mt="auto">
          {secrets.length === 0
            ? "Needs no secret"
            : `Secret: ${secrets.map(({ title }) => title).join(", ")}`}
        </Text>
      </Stack>
    </Link>
  );
}
