import { Anchor, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A way to a page of the console, with what is told behind the question mark. */
export interface Way {
  to: string;
  /** What `useAddress` reads there. */
  asked?: Record<string, string | undefined>;
  hash?: string;
}

/** A link, as text or as a small button. */
export function Way({
  to,
  asked,
  hash,
  as = "text",
  children,
}: Way & { as?: "text" | "button"; children: ReactNode }) {
  // The router knows the questions of its own routes; these pages read theirs by name.
  const way = { to, hash, ...(asked && { search: (() => asked) as never }) };
  return as === "button" ? (
    <Button component={Link} {...way} size="compact-xs" variant="default">
      {children}
    </Button>
  ) : (
    <Anchor component={Link} {...way} size="xs">
      {children}
    </Anchor>
  );
}
