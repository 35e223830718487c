/** Luck for tests: a seed gives the same values on every machine. */
export class Luck {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  /** Any text, with what JSON must escape among it. */
  text(): string {
    const parts = [
      "a",
      "Z",
      "0",
      " ",
      '"',
      "\\",
      "\n",
      "\t",
      "é",
      "😀",
      "{{x}}",
      "{{{y}}}",
      "/",
      ".",
      "\u2028",
    ];
    return Array.from({ length: this.below(6) }, () => this.one(parts)).join("");
  }

  /** Any JSON value. */
  value(depth = 0): unknown {
    const kind = this.below(depth > 2 ? 4 : 6);
    if (kind === 0) return this.text();
    if (kind === 1) return this.one([0, -1, 1.5, 1e21, 42]);
    if (kind === 2) return this.next() < 0.5;
    if (kind === 3) return null;
    const below = Array.from({ length: this.below(4) }, () => this.value(depth + 1));
    return kind === 4 ? below : Object.fromEntries(below.map((value) => [this.text(), value]));
  }
}
