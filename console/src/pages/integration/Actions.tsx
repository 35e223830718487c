import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowsRightLeft,
  IconCopy,
  IconDots,
  IconPencil,
  IconPlayerPlay,
  IconTrash,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { OneOverview } from "../../api/contract";
import { slugOfApi } from "../../api/scope";
import { DeleteModal, DisableModal, MoveModal } from "./Confirm";
import { TestModal } from "./TestModal";
import { useActions } from "./useActions";

type Asked = "test" | "disable" | "move" | "delete";

/** Edit, test, enable or disable, duplicate, move, delete. */
export function Actions({ of }: { of: OneOverview }) {
  const actions = useActions(of);
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
        loading={actions.enable.isPending}
        onClick={() => (of.disabled ? actions.enable.mutate(true) : setAsked("disable"))}
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
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => actions.duplicate.mutate()}>
            Duplicate
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowsRightLeft size={16} />} onClick={() => setAsked("move")}>
            Move…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setAsked("delete")}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "test" && <TestModal of={of} onClose={close} />}
      {asked === "disable" && <DisableModal of={of} actions={actions} onClose={close} />}
      {asked === "move" && <MoveModal of={of} actions={actions} onClose={close} />}
      {asked === "delete" && <DeleteModal of={of} actions={actions} onClose={close} />}
    </>
  );
}
