import { counted } from '../counted.ts';
import type { Finding } from './finding.ts';

/** One voter of the metadata quorum, by the clock and the log of its leader. */
export interface SeenVoter {
  readonly id: number;
  /** How many offsets of the metadata log it lacks. */
  readonly lag: number;
  /** How long ago it last asked the leader, and last had all that there was. undefined: the cluster does not tell; Infinity: never. */
  readonly silentMs: number | undefined;
  readonly behindMs: number | undefined;
}

/** A voter asks at least every half second, and has what there is about as often. */
const longSilenceMs = 5_000;
const longBehindMs = 5_000;

/** What there is to say of those who agree on the metadata, when their leader has told of them. */
export function quorumFindings(voters: readonly SeenVoter[]): Finding[] {
  const isSilent = ({ silentMs }: SeenVoter) => (silentMs ?? 0) > longSilenceMs;
  const silent = voters.filter(isSilent);
  const behind = voters.filter((voter) => !isSilent(voter) && voter.lag > 0 && (voter.behindMs ?? 0) > longBehindMs);
  const findings: Finding[] = [sizeOf(voters.length)];
  if (silent.length > 0) findings.push(silenceOf(silent, voters.length));
  for (const { id, lag, behindMs } of behind)
    findings.push({
      what: `Voter ${id}`,
      level: 'warn',
      seen: `lacks ${counted(lag, 'offset')} of the metadata log, and had all of it last ${ago(behindMs!)}`,
      advice: 'See whether its disk, its network or its processor is overloaded: while it is behind it cannot stand in for the leader.',
    });
  return findings;
}

function sizeOf(voters: number): Finding {
  const what = 'Quorum';
  const spare = Math.floor((voters - 1) / 2);
  if (voters === 1)
    return {
      what,
      level: 'warn',
      seen: '1 voter: while it is down the cluster can change nothing',
      advice: 'That is enough for tests. Elsewhere start three brokers, of which one may fail.',
    };
  if (voters % 2 === 0)
    return {
      what,
      level: 'warn',
      seen: `${voters} voters, of which ${spare === 0 ? 'none' : spare} may fail, as of ${voters - 1}`,
      advice: `Have ${voters - 1} or ${voters + 1} of them.`,
    };
  return { what, level: 'ok', seen: `${voters} voters, of which ${spare} may fail` };
}

function silenceOf(silent: readonly SeenVoter[], voters: number): Finding {
  const majority = Math.floor(voters / 2) + 1;
  const spare = voters - silent.length - majority;
  const those = silent.map(({ id, silentMs }) =>
    silentMs === Number.POSITIVE_INFINITY
      ? `voter ${id} has never asked its leader`
      : `voter ${id} asked its leader last ${ago(silentMs!)}`,
  );
  const seen = `${those.join(', ')}; ${consequence(spare)}`;
  const advice =
    'Start them, or see what keeps them from the leader. One whose disk was replaced: quorum remove-voter, then quorum add-voter.';
  return { what: 'Voters', level: spare < 0 ? 'fail' : 'warn', seen, advice };
}

function consequence(spare: number): string {
  if (spare < 0) return 'those who are left are no majority';
  if (spare === 0) return 'when one more fails there is no majority';
  return `${spare} more may fail`;
}

function ago(ms: number): string {
  return `${Math.round(ms / 1000)} s ago`;
}
