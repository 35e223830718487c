import type { ReactNode } from "react";

import classes from "./Facts.module.css";

/** Names and their values, aligned; values that are not there are left out. */
export function Facts({ of }: { of: [name: string, value: ReactNode][] }) {
  const there = of.filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && value !== false,
  );
  if (there.length === 0) return null;
  return (
    <dl className={classes["facts"]}>
      {there.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
