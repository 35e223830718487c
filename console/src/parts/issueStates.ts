import type { IssueState } from "../api/troubleshooting";

/** Where an issue may stand: its name, its colour, and the words that put it there. */
export const STATES: Record<IssueState, { label: string; color: string; act: string }> = {
  open: { label: "Open", color: "red", act: "Open it again" },
  acknowledged: { label: "Acknowledged", color: "orange", act: "Acknowledge: somebody is on it" },
  resolved: { label: "Resolved", color: "teal", act: "Resolve: its next failure opens it again" },
  ignored: { label: "Ignored", color: "gray", act: "Ignore: it is of no matter" },
};
