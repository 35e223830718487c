/** A sentence of the server's: what stands between backticks is literal, and shown so. */
export function Words({ of }: { of: string }) {
  return of.split("`").map((part, at) =>
    at % 2 === 1 ? (
      // The parts stand in a fixed order.
      // oxlint-disable-next-line react/no-array-index-key
      <code key={at} className="literal">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
