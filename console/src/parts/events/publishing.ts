import { createContext, useContext } from "react";

/** What to begin with when an event is to be published. */
export interface Draft {
  name: string;
  data: string;
}

/** Opens the form to publish an event, where the page has one. */
export const Publishing = createContext<((draft: Draft) => void) | undefined>(undefined);

export function usePublish(): ((draft: Draft) => void) | undefined {
  return useContext(Publishing);
}
