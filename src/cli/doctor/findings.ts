/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly seen: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** What the cluster said of itself. */
export interface Seen {
  readonly brokers: readonly { readonly id: number; readonly address: string; readonly reached: boolean; readonly why?: string }[];
  readonly controller: number;
  readonly partitions: readonly {
    readonly name: string;
    readonly leader: number;
    readonly replicas: number;
    readonly isr: number;
  }[];
}

const oldestNode = [22, 19] as const;
/** Less than this on the disk is a warning, or much less a failure. */
const littleBytes = 5e9;
const tooLittleBytes = 5e8;
const shownNames = 5;

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isNew = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  if (isNew) return { what: 'Node', level: 'ok', seen: version };
  return { what: 'Node', level: 'fail', seen: version, advice: `Use Node ${oldestNode.join('.')} or later.` };
}

/** @param bytes undefined where the system does not tell */
export function diskFinding(directory: string, bytes: number | undefined): Finding {
  const what = `Disk of ${directory}`;
  if (bytes === undefined)
    return { what, level: 'warn', seen: 'nobody says how much is free', advice: 'See that there is room, as with df.' };
  const seen = `${(bytes / 1e9).toFixed(1)} GB free`;
  if (bytes < tooLittleBytes) return { what, level: 'fail', seen, advice: 'Make room, or name another directory by --data.' };
  if (bytes < littleBytes) return { what, level: 'warn', seen, advice: 'Make room before it is full: a broker whose disk is full stops.' };
  return { what, level: 'ok', seen };
}

/** @param why undefined when the port is free */
export function portFinding(port: number, why: string | undefined): Finding {
  const what = `Port ${port}`;
  if (why === undefined) return { what, level: 'ok', seen: 'free' };
  return {
    what,
    level: 'warn',
    seen: why,
    advice: `If that is no broker of yours, choose another port, as in up --port=${port + 100}; if it is one, ask it: doctor -b localhost:${port}.`,
  };
}

export function clusterFindings({ brokers, controller, partitions }: Seen): Finding[] {
  const findings: Finding[] = brokers.map(({ id, address, reached, why }) =>
    reached
      ? { what: `Broker ${id}`, level: 'ok', seen: `answers at ${address}` }
      : {
          what: `Broker ${id}`,
          level: 'fail',
          seen: `${address} cannot be reached from here (${why})`,
          advice:
            'Start it; or, if it runs, let it advertise an address that can be reached from here (--advertise, KAFKA_ADVERTISED_LISTENERS).',
        },
  );
  findings.push(
    controller >= 0
      ? { what: 'Controller', level: 'ok', seen: `broker ${controller}` }
      : { what: 'Controller', level: 'fail', seen: 'there is none', advice: 'Start a majority of the voters.' },
  );
  const leaderless = partitions.filter(({ leader }) => leader < 0);
  const behind = partitions.filter(({ leader, isr, replicas }) => leader >= 0 && isr < replicas);
  if (leaderless.length > 0)
    findings.push({
      what: 'Leaders',
      level: 'fail',
      seen: `${someOf(leaderless)} without one`,
      advice: 'Start the brokers that hold them.',
    });
  if (behind.length > 0)
    findings.push({
      what: 'Replicas',
      level: 'warn',
      seen: `${someOf(behind)} with replicas behind`,
      advice: 'Start the brokers that are down, or wait until they have caught up.',
    });
  if (leaderless.length + behind.length === 0)
    findings.push({ what: 'Partitions', level: 'ok', seen: `${partitions.length}, all with a leader and all replicas in sync` });
  return findings;
}

function someOf(partitions: readonly { name: string }[]): string {
  const names = partitions.slice(0, shownNames).map(({ name }) => name);
  const more = partitions.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
