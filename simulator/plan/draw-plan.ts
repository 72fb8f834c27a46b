import { SeededRandom } from '#platform';
import { drawAmbushes } from '../faults/draw-ambushes.ts';
import { type ChanceKind, drawFaults, faultKinds } from '../faults/draw-faults.ts';
import { ambushKinds, damagingKinds, type Fault, type FaultKind } from '../faults/fault.ts';
import { drawCoordinatorPlan } from './draw-coordinator-plan.ts';
import {
  type AdminAct,
  adminActs,
  brokerNames,
  type ClientKind,
  type ClientPlan,
  type Configuration,
  clientKinds,
  type Plan,
  type TopicPlan,
  type Topology,
  type Workload,
  type WorkloadKind,
} from './plan.ts';

/** Kinds after which the page cache of a broker is gone. */
const lossyKinds: readonly FaultKind[] = ['power-cut', 'all-power', 'crash-loop', 'io-error', 'full-disk'];
const clusterSizes = [1, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 6, 7];
/** Clients take their time from clocks that do not jump, so records may lie far from what a broker believes to be now. */
const always = { 'log.message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER) };

/** The plan of a seed. Each part has dice of its own, so that a change in how one is drawn leaves the others as they are. */
export function drawPlan(seed: number, kind: WorkloadKind = 'records'): Plan {
  if (kind !== 'records') return drawCoordinatorPlan(seed, kind);
  const dice = (name: string) => new SeededRandom(seed).fork(`plan ${name}`);
  const topology = drawTopology(dice('topology'));
  const brokers = topology.brokers.length;
  const configuration = drawConfiguration(dice('configuration'));
  const isLazy = configuration.properties['log.flush.mode'] === 'os';
  const workload = drawWorkload(dice('workload'), brokers, isLazy);
  const faultDice = dice('faults');
  const faultMs = 8000 + faultDice.below(14_000);
  const isSafe = workload.topics.every((topic) => survivesOneDisk(topic)) && !workload.acts.includes('alter-min-isr');
  const faults = drawFaults({
    random: faultDice,
    names: brokerNames({ topology }),
    kinds: drawKinds(faultDice, { brokers, mayDamage: isSafe && !isLazy }),
    forMs: faultMs,
    meanGapMs: [400, 1200, 3000][faultDice.below(3)]!,
  });
  const ambushes = drawAmbushes({
    random: dice('ambushes'),
    names: brokerNames({ topology }),
    // One that is killed counts like one that has lost its page cache.
    kinds: ambushKinds.filter((kind) => {
      if (damagingKinds.includes(kind)) return isSafe && !isLazy;
      return !(isLazy && kind === 'two-failovers');
    }),
    victim: victimOf(faults),
    forMs: faultMs,
  });
  const givesUp = workload.acts.includes('elect-unclean');
  const careful = isLazy && isSafe && faultDice.chance(0.5) && !givesUp;
  const mayLose = isLazy && !careful && (faults.some(({ kind }) => lossyKinds.includes(kind)) || givesUp);
  const all = [...(careful ? onOneBroker(faults) : faults), ...ambushes].sort((a, b) => a.atMs - b.atMs);
  return { seed, topology, configuration, workload, faultMs, faults: all, mayLose };
}

function drawTopology(random: SeededRandom): Topology {
  const size = clusterSizes[random.below(clusterSizes.length)]!;
  const racks = random.chance(0.3) ? ['a', 'b', 'c'].slice(0, 2 + random.below(2)) : undefined;
  return {
    brokers: Array.from({ length: size }, (_, index) => ({
      rack: racks === undefined ? null : racks[index % racks.length]!,
      // In any order and at any time; one may be long in coming.
      startMs: random.below(6) === 0 ? random.below(6000) : random.below(300),
    })),
  };
}

function drawConfiguration(random: SeededRandom): Configuration {
  const options: Record<string, readonly string[]> = {
    'log.index.size.max.bytes': ['24', '64', '400'],
    'log.index.interval.bytes': ['1', '500'],
    'broker.session.timeout.ms': ['1000', '2000', '6000'],
    'replica.lag.time.max.ms': ['500', '2000', '10000'],
    'metadata.log.max.record.bytes.between.snapshots': ['1500', '10000'],
    'log.retention.check.interval.ms': ['1000', '5000'],
    'max.incremental.fetch.session.cache.slots': ['0', '2'],
  };
  const properties: Record<string, string> = { ...always };
  for (const [name, values] of Object.entries(options)) {
    const value = values[random.below(values.length)]!;
    if (random.chance(0.5)) properties[name] = value;
  }
  if (properties['broker.session.timeout.ms'] === '1000') properties['broker.heartbeat.interval.ms'] = '200';
  if (random.below(8) === 0) properties['log.flush.mode'] = 'os';
  return { properties, syncMs: [0.8, 0.8, 5, 40][random.below(4)]! };
}

function drawWorkload(random: SeededRandom, brokers: number, isLazy: boolean): Workload {
  // Only where everything lies on two disks at least may one be damaged: that has to come up often enough.
  const safe = brokers >= 3 && random.chance(0.4);
  const topics = Array.from({ length: 1 + random.below(4) }, (_, index) => drawTopic(random, `topic-${index}`, brokers, safe));
  const clients: ClientPlan[] = [];
  const add = (kind: ClientKind) => clients.push({ name: `${kind}-${clients.length}`, kind });
  for (const kind of clientKinds) if (random.chance(0.5)) add(kind);
  if (!clients.some(({ kind }) => kind === 'idempotent' || kind === 'acks-all')) add('idempotent');
  if (clients.length < 4) add('idempotent');
  const acts = adminActs.filter((act) => isPossible(act, brokers, isLazy) && !(safe && act === 'alter-min-isr') && random.chance(0.5));
  return { kind: 'records', topics, clients, acts };
}

function drawTopic(random: SeededRandom, name: string, brokers: number, safe: boolean): TopicPlan {
  const replicationFactor = safe ? 3 : Math.min(brokers, [1, 2, 3, 3, 3, 3][random.below(6)]!);
  const configs: Record<string, string> = {};
  if (random.chance(0.2)) configs['min.insync.replicas'] = String(safe ? 2 + random.below(2) : 1 + random.below(replicationFactor));
  return { name, partitions: 1 + random.below(3), replicationFactor, configs };
}

function isPossible(act: AdminAct, brokers: number, isLazy: boolean): boolean {
  // An unclean election gives records up, which only those ask for who have given them up already.
  if (act === 'elect-unclean') return isLazy;
  return act !== 'reassign' || brokers > 1;
}

/** The broker whose disk is damaged, if one is. */
function victimOf(faults: readonly Fault[]): string | undefined {
  const damaging = faults.find(({ kind }) => damagingKinds.includes(kind));
  return damaging !== undefined && 'broker' in damaging ? damaging.broker : undefined;
}

/** Whether what is acknowledged is always on two disks at least. */
function survivesOneDisk({ replicationFactor, configs }: TopicPlan): boolean {
  return replicationFactor >= 3 && Number(configs['min.insync.replicas'] ?? 2) >= 2;
}

function drawKinds(random: SeededRandom, { brokers, mayDamage }: { brokers: number; mayDamage: boolean }): ChanceKind[] {
  const possible = faultKinds.filter((kind) => {
    if (kind === 'voter-change') return brokers >= 3;
    return mayDamage || !damagingKinds.includes(kind);
  });
  const drawn = possible.filter(() => random.chance(0.5));
  // A voter taken out while another has lost its disk would leave too few for ever.
  const kinds = drawn.includes('replace-disk') ? drawn.filter((kind) => kind !== 'voter-change') : drawn;
  return kinds.length > 0 ? kinds : [possible[random.below(possible.length)]!];
}

/**
 * Without a sync of its own, what is acknowledged survives as long as only one broker loses its page cache. One that is killed keeps it, but cannot prove
 * that, and counts like one that has lost it.
 */
function onOneBroker(faults: readonly Fault[]): Fault[] {
  return faults
    .filter(({ kind }) => kind !== 'all-power')
    .map((fault) => ([...lossyKinds, 'kill'].includes(fault.kind) ? ({ ...fault, broker: 'broker-1' } as Fault) : fault));
}
