import { Box } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./Text.module.css";

/** Text as it came. */
export function Text({ label, children, tall = false }: { label: string; children: string; tall?: boolean }) {
  return (
    <Scroller label={label} tall={tall}>
      {children}
    </Scroller>
  );
}

/** Names and values as they came: headers, a form's fields. */
export function Pairs({ label, of }: { label: string; of: [string, string][] }) {
  return (
    <Scroller label={label}>
      {of.map(([name, value], at) => (
        // Headers and fields may repeat: only their place tells them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at}>
          <span className={classes["name"]}>{name}:</span> {value}
        </div>
      ))}
    </Scroller>
  );
}

/** A box that scrolls by itself; it takes the focus, so that it does by keyboard too. */
function Scroller({ label, tall, children }: { label: string; tall?: boolean; children: ReactNode }) {
  return (
    <Box className={classes["text"]} role="region" aria-label={label} tabIndex={0} mod={{ tall }}>
      {children}
    </Box>
  );
}
