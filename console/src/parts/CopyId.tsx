import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** An id, or any short text worth having on the clipboard, with a button that puts it there. */
export function CopyId({
  id,
  label = "Copy",
  short = false,
}: {
  id: string;
  label?: string;
  short?: boolean;
}) {
  return (
    <Group gap={4} wrap="nowrap" style={{ display: "inline-flex", minWidth: 0, maxWidth: "100%" }}>
      <Code className="one-line" title={id}>
        {short && id.length > 12 ? `…${id.slice(-8)}` : id}
      </Code>
      <CopyButton value={id}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : label}>
            <ActionIcon
              variant="subtle"
              color={copied ? "teal" : "gray"}
              size="sm"
              aria-label={`${label}: ${id}`}
              onClick={(click) => {
                click.stopPropagation();
                copy();
              }}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
