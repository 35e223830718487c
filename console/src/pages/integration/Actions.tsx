import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowsRightLeft,
  IconCopy,
  IconDots,
  IconPackageExport,
  IconPencil,
  IconPlayerPlay,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { IntegrationStory } from "../../api/shapes";
import { slugOfApi } from "../../api/scope";
import { Confirm } from "../../parts/Confirm";
import { complained } from "../../parts/notify";
import { counted } from "../../parts/numbers";
import { nameOf } from "../../parts/standing";
import { HandOver } from "./HandOver";
import { MoveModal } from "./MoveModal";
import { TestModal } from "./TestModal";
import { useActions } from "./useActions";

type Asked = "test" | "hand over" | "disable" | "move" | "delete";

/** Edit, test, enable or disable, duplicate, move, delete. */
export function Actions({ of }: { of: IntegrationStory }) {
  const { setEnabled, duplicate, move, remove } = useActions(of);
  const name = nameOf(of);
  const enable = useMutation({
    mutationFn: () => setEnabled(true),
    onError: (error) => complained(`${name} was not enabled`, error),
  });
  const copy = useMutation({
    mutationFn: duplicate,
    onError: (error) => complained(`${name} was not duplicated`, error),
  });
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerPlay size={14} aria-hidden />}
        onClick={() => setAsked("test")}
      >
        Test
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={enable.isPending}
        onClick={() => (of.disabled ? enable.mutate() : setAsked("disable"))}
      >
        {of.disabled ? "Enable" : "Disable"}
      </Button>
      <Button
        size="xs"
        component={Link}
        to={`/${slugOfApi(of.scope)}/integrations/${of.id}/edit`}
        leftSection={<IconPencil size={14} aria-hidden />}
      >
        Edit
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More to do">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => copy.mutate()}>
            Duplicate
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowsRightLeft size={16} />} onClick={() => setAsked("move")}>
            Move…
          </Menu.Item>
          <Menu.Item leftSection={<IconPackageExport size={16} />} onClick={() => setAsked("hand over")}>
            Hand over…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setAsked("delete")}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "test" && <TestModal of={of} onClose={close} />}
      {asked === "hand over" && <HandOver of={of} onClose={close} />}
      {asked === "move" && <MoveModal of={of} move={move} onClose={close} />}
      {asked === "disable" && (
        <Confirm title={`Disable ${name}?`} action="Disable" act={() => setEnabled(false)} onClose={close}>
          Events that come while it is disabled are not delivered, and what waits for another try is dropped.
        </Confirm>
      )}
      {asked === "delete" && (
        <Confirm title={`Delete ${name}?`} action="Delete" act={remove} onClose={close}>
          It made {counted(of.today.success + of.today.error + of.today.skipped, "attempt")} today. Events
          that begin with <code>{of.event}</code> will no longer reach {of.host ?? "its host"}. This cannot be
          undone; its log stays until its time is over.
        </Confirm>
      )}
    </>
  );
}
