/** Columns for people: numbers to the right. The first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isNumber = (text: string) => /^\d+$/.test(text);
  const line = (row: readonly string[]) => row.map((cell, i) => (isNumber(cell) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)));
  return rows.map((row) => line(row).join('  ').trimEnd()).join('\n');
}
