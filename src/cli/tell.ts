/** A line for people. Answers go to stdout, and all else here. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
