import { useMemo } from "react";

import { forServer, type Names, termsOf } from "./terms";

/** What the live look at events and the look back at stored ones are both told. */
export interface Look {
  scope: string;
  slug: string;
  text: string;
  device?: string;
  names: Names;
  height: string;
}

/** The filter text read, and what of it the server is asked for. */
export function useTerms({ text, names, device }: Pick<Look, "text" | "names" | "device">) {
  return useMemo(() => {
    const terms = termsOf(text);
    const asked = forServer(terms, names);
    return { terms, server: device === undefined ? asked : { ...asked, device } };
  }, [text, names, device]);
}
