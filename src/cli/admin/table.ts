/** Columns padded to their widest cell, two spaces apart; no trailing spaces. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[], indent = ''): string {
  const widths = headers.map((header, column) => Math.max(header.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `${indent}${cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd();
  return [headers, ...rows].map((cells) => `${line(cells)}\n`).join('');
}

/** Broker ids in a cell; a dash where there are none. */
export function idsIn(ids: readonly number[]): string {
  return ids.length === 0 ? '-' : ids.join(',');
}
