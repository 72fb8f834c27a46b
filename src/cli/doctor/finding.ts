/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly seen: string;
  /** What to do about it. */
  readonly advice?: string;
}
