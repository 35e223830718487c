import { notifications } from "@mantine/notifications";
import { createContext, type ReactNode, use } from "react";

import { useInsertion } from "./insert";

const Context = createContext<(name: string) => void>(() => {});

/** Puts a variable into the field one was writing in. */
export function useInsert(): (name: string) => void {
  return use(Context);
}

/** Follows where one is writing, for variables to be put there. */
export function Inserting({ children }: { children: ReactNode }) {
  const { remember, insert } = useInsertion();
  const insertOrCopy = (name: string) => {
    if (insert(name)) return;
    void navigator.clipboard?.writeText(`{{{${name}}}}`);
    notifications.show({
      message: `{{{${name}}}} is on the clipboard: no field had the focus to put it in.`,
    });
  };
  return (
    <Context value={insertOrCopy}>
      <div onFocus={({ target }) => remember(target)}>{children}</div>
    </Context>
  );
}
