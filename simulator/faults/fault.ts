import type { CrashMode, DiskOperation } from '#platform';

/** Whom a fault hits: a host by its name, or whoever is the controller, or leads most partitions, when the time has come. */
export type Victim = string;

/** What may go wrong, with everything about it decided: when, whom, how long, and so how it is taken back. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill'; readonly broker: Victim; readonly downMs: number }
  | { readonly kind: 'power-cut'; readonly broker: Victim; readonly mode: CrashMode; readonly downMs: number }
  /** All of them; each comes back after its own time. */
  | { readonly kind: 'all-power'; readonly mode: CrashMode; readonly downMs: readonly number[] }
  | { readonly kind: 'clean-stop'; readonly broker: Victim; readonly downMs: number }
  | { readonly kind: 'rolling-restart'; readonly gapMs: number; readonly downMs: number }
  /** Down, and down again while it recovers, `times` times. */
  | { readonly kind: 'crash-loop'; readonly broker: Victim; readonly mode: CrashMode; readonly times: number; readonly upMs: number }
  | { readonly kind: 'pause'; readonly broker: Victim; readonly forMs: number }
  | { readonly kind: 'cut'; readonly from: Victim; readonly to: Victim; readonly oneWay: boolean; readonly forMs: number }
  | { readonly kind: 'isolate'; readonly broker: Victim; readonly forMs: number }
  /** Cut off and joined again, over and over. */
  | { readonly kind: 'flap'; readonly broker: Victim; readonly times: number; readonly everyMs: number }
  /** Two brokers that see each other only through the others. */
  | { readonly kind: 'halves'; readonly left: readonly string[]; readonly bridge: string | null; readonly forMs: number }
  | { readonly kind: 'bad-links'; readonly extraMs: number; readonly loss: number; readonly forMs: number }
  | { readonly kind: 'resets'; readonly probability: number; readonly forMs: number }
  /** Requests that were sent in the last seconds are sent once more, by somebody else. */
  | { readonly kind: 'replay'; readonly count: number; readonly laterMs: number }
  | { readonly kind: 'clock-jump'; readonly broker: Victim; readonly byMs: number }
  | { readonly kind: 'clock-drift'; readonly broker: Victim; readonly rate: number; readonly forMs: number }
  | { readonly kind: 'slow-disk'; readonly broker: Victim; readonly factor: number; readonly forMs: number }
  /** Every sync and read takes ten seconds. */
  | { readonly kind: 'disk-stall'; readonly broker: Victim; readonly forMs: number }
  | { readonly kind: 'full-disk'; readonly broker: Victim; readonly freeBytes: number; readonly forMs: number }
  /** An operation fails; the process ends of it, the machine is started anew. */
  | { readonly kind: 'io-error'; readonly broker: Victim; readonly operation: DiskOperation; readonly downMs: number }
  /** A read fails: what was to be read is lost. */
  | { readonly kind: 'read-error'; readonly broker: string }
  /** One bit of the records of a partition, `where` of the way through its files. */
  | { readonly kind: 'bit-flip'; readonly broker: string; readonly where: number }
  | { readonly kind: 'replace-disk'; readonly broker: string; readonly downMs: number }
  /** A voter is removed from the quorum and made one again. */
  | { readonly kind: 'voter-change'; readonly broker: string; readonly forMs: number }
  /**
   * Armed for so long: a leader asks for somebody to come into sync, who then does not hear from it any more; `isAnswered` false: nor does the leader
   * from the controller.
   */
  | { readonly kind: 'joiner-cut-off'; readonly isAnswered: boolean; readonly armedMs: number; readonly forMs: number }
  /** Armed for so long: a broker passes a produce on to the leader, which takes it; then they lose each other. */
  | { readonly kind: 'produce-unanswered'; readonly afterMs: number; readonly armedMs: number; readonly forMs: number }
  /** A leader falls while the next one lacks what the one after that has; the next one writes for itself, and falls as well. */
  | { readonly kind: 'two-failovers'; readonly downMs: readonly [number, number] }
  /** From now on, of every broker that comes back, fetches that its former incarnation sent arrive once more. */
  | { readonly kind: 'former-fetches'; readonly laterMs: number }
  /** The last bit of a log that was synced whole flips, and all lose their power before anything is written after it. */
  | {
      readonly kind: 'rotten-end';
      readonly broker: string;
      readonly where: number;
      readonly mode: CrashMode;
      readonly downMs: readonly number[];
    }
);

export type FaultKind = Fault['kind'];
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

/** They take or damage a copy for good: only one broker of a run may meet with them, and only where others have what it had. */
export const damagingKinds: readonly FaultKind[] = ['bit-flip', 'read-error', 'replace-disk', 'rotten-end'];

/** They wait for a moment in which much hangs on one rule, and use it: what comes about by chance once in thousands of runs. */
export const ambushKinds = [
  'joiner-cut-off',
  'produce-unanswered',
  'two-failovers',
  'former-fetches',
  'rotten-end',
] as const satisfies readonly FaultKind[];
export type AmbushKind = (typeof ambushKinds)[number];
