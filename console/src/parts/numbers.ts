const WHOLE = new Intl.NumberFormat("en-GB");
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 3 });

/** `12,345`. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** `12.3K`, for places where the whole number has no room; below 10,000 the whole number. */
export function short(value: number): string {
  return value < 10_000 ? WHOLE.format(value) : SHORT.format(value);
}

/** `1 attempt`, `2 attempts`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share of one, as `0.3 %`, `12 %` or `100 %`; what is neither none nor all never reads as if it were. */
export function percent(share: number): string {
  const value = share * 100;
  if (value <= 0) return "0 %";
  if (value >= 100) return "100 %";
  if (value < 0.1) return "< 0.1 %";
  if (value > 99) return "> 99 %";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** `5,120 B`, `12.3 KiB`. */
export function bytes(value: number): string {
  if (value < 10_240) return `${count(value)} B`;
  const kibi = value / 1_024;
  return kibi < 1_024 ? `${kibi.toFixed(1)} KiB` : `${(kibi / 1_024).toFixed(1)} MiB`;
}
