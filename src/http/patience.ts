/** How long requests are tried before they are answered with a failure. */
export interface Patience {
  /**
   * Up to an error that says that nothing was done. A leader that was killed is replaced within a second or two, one that hangs within
   * broker.session.timeout.ms (3 s) and an election; and curl does not try again by itself.
   */
  readonly leaderMs: number;
  /** For a write of which it is not known whether it is in the log: the same, and the time that followers may take before they are left behind. */
  readonly outcomeMs: number;
}

export const defaultPatience: Patience = { leaderMs: 5_000, outcomeMs: 15_000 };
