/** A line of a comparison: in both, only in the older, only in the newer. */
export interface DiffLine {
  side: "both" | "old" | "new";
  text: string;
}

/** A template as lines to compare: keys in one order, so that only what changed differs. */
export function lines(value: unknown): string[] {
  return JSON.stringify(inOrder(value), null, 2).split("\n");
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

/** What to take away from the older lines and add to get the newer, with the fewest changes. */
export function diff(older: string[], newer: string[]): DiffLine[] {
  const common = commonLengths(older, newer);
  const found: DiffLine[] = [];
  let [a, b] = [0, 0];
  while (a < older.length || b < newer.length) {
    if (a < older.length && b < newer.length && older[a] === newer[b]) {
      found.push({ side: "both", text: older[a]! });
      [a, b] = [a + 1, b + 1];
    } else if (a < older.length && (b >= newer.length || common[a + 1]![b]! >= common[a]![b + 1]!)) {
      found.push({ side: "old", text: older[a++]! });
    } else {
      found.push({ side: "new", text: newer[b++]! });
    }
  }
  return found;
}

/** For each pair of places, the length of the longest run of lines that both have from there on. */
function commonLengths(older: string[], newer: string[]): number[][] {
  const table = Array.from({ length: older.length + 1 }, () => Array<number>(newer.length + 1).fill(0));
  for (let a = older.length - 1; a >= 0; a--)
    for (let b = newer.length - 1; b >= 0; b--)
      table[a]![b] =
        older[a] === newer[b] ? table[a + 1]![b + 1]! + 1 : Math.max(table[a + 1]![b]!, table[a]![b + 1]!);
  return table;
}

/** Only the lines near a change; null stands for lines left out. */
export function nearChanges(all: DiffLine[], around = 2): (DiffLine | null)[] {
  const near = (at: number) =>
    all.slice(Math.max(0, at - around), at + around + 1).some(({ side }) => side !== "both");
  const found: (DiffLine | null)[] = [];
  for (const [at, line] of all.entries()) {
    if (near(at)) found.push(line);
    else if (found.at(-1) !== null) found.push(null);
  }
  return found;
}
