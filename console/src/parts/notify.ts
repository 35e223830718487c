import { notifications } from "@mantine/notifications";

import { explained } from "../api/client";

/** Says that something was done. */
export function said(message: string): void {
  notifications.show({ message, color: "teal", autoClose: 4_000 });
}

/** Says that something was not done, in the server's words. It stays until it is read. */
export function complained(what: string, error: unknown): void {
  notifications.show({ title: what, message: explained(error), color: "red", autoClose: false });
}
