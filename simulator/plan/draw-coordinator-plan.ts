import { SeededRandom } from '#platform';
import { type ChanceKind, drawFaults } from '../faults/draw-faults.ts';
import { brokerNames, type ClientKind, type ClientPlan, type Plan, type TopicPlan, type Topology, type Workload } from './plan.ts';

/** What copiers write to. */
export const copiesTopic = 'copies';

/** Offsets that nobody reads on from are forgotten when a clock jumps by half an hour. */
const soonExpired = { 'offsets.retention.minutes': '30', 'offsets.retention.check.interval.ms': '500' };

/** Disks are not damaged here, and clocks jump only where offsets expire: a transaction might take an hour then, as it might in Kafka. Seeds of records see to both. */
const kinds: readonly ChanceKind[] = [
  'kill',
  'power-cut',
  'all-power',
  'clean-stop',
  'rolling-restart',
  'crash-loop',
  'pause',
  'cut',
  'isolate',
  'flap',
  'halves',
  'bad-links',
  'resets',
  'replay',
  'slow-disk',
  'disk-stall',
];

/** Coordinators with few partitions, and timeouts that come up in a short run. */
const properties = {
  'log.message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER),
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
  'broker.session.timeout.ms': '1500',
  'broker.heartbeat.interval.ms': '300',
  'replica.lag.time.max.ms': '1500',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '400',
  'group.min.session.timeout.ms': '500',
  'group.initial.rebalance.delay.ms': '100',
  'group.consumer.session.timeout.ms': '2000',
  'group.consumer.heartbeat.interval.ms': '300',
};

/** The coordinators' logs are cleaned all the time, and deletions in them go soon: replicas that were away, and coordinators that load, find gaps. */
const cleanedAllTheTime = {
  'log.roll.ms': '300',
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.cleanable.ratio': '0.01',
  'log.cleaner.delete.retention.ms': '500',
  'log.segment.delete.delay.ms': '100',
};

/** Until then nothing goes wrong: clusters form, and topics are made, in the seeds of records. */
const quietMs = 1000;

/** The plan of a seed whose clients need coordinators: short, on three brokers, so that many can be run. Its dice are its own. */
export function drawCoordinatorPlan(seed: number, kind: 'transactions' | 'groups'): Plan {
  const dice = (name: string) => new SeededRandom(seed).fork(`plan of ${kind} ${name}`);
  const topology = drawTopology(dice('topology'));
  const configurationDice = dice('configuration');
  const syncMs = [0.8, 0.8, 4, 15][configurationDice.below(4)]!;
  const offsetsExpire = kind === 'groups' && configurationDice.chance(0.25);
  const isCleaned = dice('compaction').chance(0.4);
  const configuration = {
    properties: { ...properties, ...(offsetsExpire ? soonExpired : {}), ...(isCleaned ? cleanedAllTheTime : {}) },
    syncMs,
  };
  const workload = kind === 'groups' ? drawGroups(dice('workload')) : drawTransactions(dice('workload'));
  const random = dice('faults');
  const faultMs = quietMs + 3000 + random.below(4000);
  const drawn = [...kinds.filter(() => random.chance(0.4)), ...(offsetsExpire ? (['clock-jump', 'clock-jump'] as const) : [])];
  const faults = drawFaults({
    random,
    names: brokerNames({ topology }),
    kinds: drawn.length > 0 ? drawn : [kinds[random.below(kinds.length)]!],
    forMs: faultMs - quietMs,
    meanGapMs: [400, 900, 2000][random.below(3)]!,
  }).map((fault) => ({ ...fault, atMs: fault.atMs + quietMs }));
  return { seed, topology, configuration, workload, faultMs, faults, mayLose: false };
}

function drawTopology(random: SeededRandom): Topology {
  return { brokers: Array.from({ length: 3 }, () => ({ rack: null, startMs: random.below(200) })) };
}

function topic(name: string, partitions: number): TopicPlan {
  return { name, partitions, replicationFactor: 3, configs: {} };
}

/** One who writes transactions at least, and whoever looks on; copiers take what the others commit. */
function drawTransactions(random: SeededRandom): Workload {
  const clients: ClientPlan[] = [];
  const add = (kind: ClientKind, more: Partial<ClientPlan> = {}) => clients.push({ name: `${kind}-${clients.length}`, kind, ...more });
  add(random.chance(0.65) ? 'transactional-v2' : 'transactional-v1');
  if (random.chance(0.4)) add(random.chance(0.65) ? 'transactional-v2' : 'transactional-v1');
  if (random.chance(0.4)) add('idempotent');
  if (random.chance(0.6)) {
    const copier = random.chance(0.65) ? 'copier-v2' : 'copier-v1';
    const protocol = ([undefined, 'range', 'cooperative-sticky', 'consumer', 'consumer'] as const)[random.below(5)];
    const more = protocol === undefined ? {} : { protocol };
    add(copier, more);
    if (random.chance(0.6)) add(copier, more);
  }
  if (random.chance(0.5)) add('usurper', { of: clients[random.below(clients.length)]!.name });
  add('committed-reader');
  if (random.chance(0.3)) add('uncommitted-reader');
  if (random.chance(0.3)) add('transaction-admin');
  const partitions = 1 + random.below(2);
  const topics = [topic('first', partitions), topic('second', 1 + random.below(2)), topic(copiesTopic, partitions)];
  const isCopied = clients.some(({ kind }) => kind.startsWith('copier'));
  return { kind: 'transactions', topics: isCopied ? topics : topics.slice(0, 2), clients, acts: [] };
}

/** What the members of a group are, one after another. */
const groupKinds: readonly (readonly ClientKind[])[] = [
  ['eager-member'],
  ['cooperative-member'],
  ['consumer-member'],
  ['consumer-member'],
  ['consumer-member', 'cooperative-member'],
  ['eager-member', 'consumer-member'],
];

/** One or two groups of two to four, and somebody who writes. */
function drawGroups(random: SeededRandom): Workload {
  const clients: ClientPlan[] = [{ name: 'idempotent-0', kind: 'idempotent' }];
  for (let number = 0; number < 1 + random.below(2); number++) {
    const members = groupKinds[random.below(groupKinds.length)]!;
    const chanceOfStatic = [0, 0, 0.5, 1][random.below(4)]!;
    for (let count = 2 + random.below(3); count > 0; count--) {
      const kind = members[count % members.length]!;
      clients.push({ name: `${kind}-${clients.length}`, kind, group: `group-${number}`, isStatic: random.chance(chanceOfStatic) });
    }
  }
  if (random.chance(0.5)) clients.push({ name: `group-admin-${clients.length}`, kind: 'group-admin' });
  const topics = [topic('first', 2 + random.below(3)), topic('second', 1 + random.below(2))];
  return { kind: 'groups', topics: topics.slice(0, 1 + random.below(2)), clients, acts: [] };
}
