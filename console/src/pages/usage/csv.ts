/**
 * Rows as CSV (RFC 4180): every text in quotes, numbers bare. A text that a spreadsheet would run as a formula gets
 * an apostrophe in front, since names of devices are whatever somebody called them.
 */
export function csv(rows: (string | number)[][]): string {
  return rows.map((row) => row.map(field).join(",") + "\r\n").join("");
}

function field(value: string | number): string {
  if (typeof value === "number") return String(value);
  const harmless = /^\s*[=+\-@\t\r|%]/.test(value) ? `'${value}` : value;
  return `"${harmless.replaceAll('"', '""')}"`;
}
