import { clockFindings, type SeenClock } from './clock-findings.ts';
import type { Finding } from './finding.ts';
import { quorumFindings, type SeenVoter } from './quorum-findings.ts';

export interface SeenPartition {
  readonly name: string;
  readonly leader: number;
  readonly replicas: number;
  readonly isr: number;
  /** undefined: the cluster does not tell. */
  readonly minIsr: number | undefined;
}

/** What the cluster said of itself. */
export interface Seen {
  readonly brokers: readonly { readonly id: number; readonly address: string; readonly reached: boolean; readonly why?: string }[];
  readonly controller: number;
  /** undefined: the cluster does not tell. */
  readonly voters: readonly SeenVoter[] | undefined;
  /** Of those that tell. */
  readonly clocks: readonly SeenClock[];
  readonly partitions: readonly SeenPartition[];
}

const shownNames = 5;

export function clusterFindings({ brokers, controller, voters, clocks, partitions }: Seen): Finding[] {
  return [
    ...brokers.map(brokerFinding),
    controllerFinding(controller),
    ...(voters === undefined ? [] : quorumFindings(voters)),
    ...clockFindings(clocks),
    ...partitionFindings(partitions),
  ];
}

function brokerFinding({ id, address, reached, why }: Seen['brokers'][number]): Finding {
  const what = `Broker ${id}`;
  if (reached) return { what, level: 'ok', seen: `answers at ${address}` };
  return {
    what,
    level: 'fail',
    seen: `${address} cannot be reached from here (${why})`,
    advice:
      'Start it; or, if it runs, let it advertise an address that can be reached from here (--advertise, KAFKA_ADVERTISED_LISTENERS).',
  };
}

function controllerFinding(controller: number): Finding {
  if (controller >= 0) return { what: 'Controller', level: 'ok', seen: `broker ${controller}` };
  return { what: 'Controller', level: 'fail', seen: 'there is none', advice: 'Start a majority of the voters.' };
}

function partitionFindings(partitions: readonly SeenPartition[]): Finding[] {
  const leaderless = partitions.filter(({ leader }) => leader < 0);
  const led = partitions.filter(({ leader }) => leader >= 0);
  const below = led.filter(isBelowMinimum);
  const behind = led.filter((partition) => partition.isr < partition.replicas && !isBelowMinimum(partition));
  const findings: Finding[] = [];
  if (leaderless.length > 0)
    findings.push({
      what: 'Leaders',
      level: 'fail',
      seen: `${someOf(leaderless)} without one`,
      advice: 'Start the brokers that hold them.',
    });
  if (below.length > 0)
    findings.push({
      what: 'Minimum in sync',
      level: 'fail',
      seen: `${someOf(below)} with fewer replicas in sync than min.insync.replicas, so that writers with acks=all are refused`,
      advice: 'Start the brokers that hold the others.',
    });
  if (behind.length > 0)
    findings.push({
      what: 'Replicas',
      level: 'warn',
      seen: `${someOf(behind)} with replicas behind`,
      advice: 'Start the brokers that are down, or wait until they have caught up.',
    });
  if (findings.length > 0) return findings;
  return [{ what: 'Partitions', level: 'ok', seen: `${partitions.length}, all with a leader and all replicas in sync` }];
}

/** As a leader counts: of a partition with fewer replicas than that all are enough. */
function isBelowMinimum({ isr, replicas, minIsr }: SeenPartition): boolean {
  return isr < replicas && isr < (minIsr ?? 0);
}

function someOf(partitions: readonly { name: string }[]): string {
  const names = partitions.slice(0, shownNames).map(({ name }) => name);
  const more = partitions.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
