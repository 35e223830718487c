import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";

import { EventRow } from "./EventRow";
import type { Row } from "./ring";
import classes from "./Rows.module.css";
import type { Names } from "./terms";

/** Height of a row before it has been measured. */
const ROW = 35;

/** Events, newest first, in a box that scrolls by itself; only what is in sight is in the page. */
export function Rows({
  rows,
  names,
  slug,
  height,
  opened,
  onOpen,
  onAway,
  below,
}: {
  rows: readonly Row[];
  names: Names;
  slug: string;
  height: string;
  /** The id of the event that is open. */
  opened: string | undefined;
  onOpen: (id: string | undefined) => void;
  /** Whether the reader has scrolled away from the newest. */
  onAway?: (away: boolean) => void;
  /** What stands in the box when there are no rows, or below them. */
  below?: ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  // Nothing is compiled here that could remember too much.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (at) => rows[at]?.event.id ?? at,
    overscan: 8,
  });
  return (
    <div className={classes["frame"]}>
      <div className={classes["head"]} aria-hidden>
        <span />
        <span>Name</span>
        <span>Data</span>
        <span>Device</span>
        <span>Source</span>
        <span>Time</span>
      </div>
      <div
        ref={box}
        className={classes["box"]}
        data-scrolls
        style={{ height }}
        onScroll={(scroll) => onAway?.(scroll.currentTarget.scrollTop > ROW)}
      >
        <div role="list" aria-label="Events" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  role="listitem"
                  className={classes["item"]}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <EventRow
                    event={row.event}
                    names={names}
                    slug={slug}
                    open={row.event.id === opened}
                    onOpen={onOpen}
                  />
                </div>
              )
            );
          })}
        </div>
        {below}
      </div>
    </div>
  );
}
