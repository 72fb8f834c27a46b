import type { Partition } from '#replication';
import type { AmbushKind, FaultOf } from './fault.ts';
import { cut, cutBothWays } from './links.ts';
import type { Nemesis } from './nemesis.ts';
import type { Overheard } from './overheard-requests.ts';
import { cutAllPower } from './power.ts';

const [produceKey, alterPartitionKey] = [0, 56];
/** How long a leader's connections take to be reset. */
const resetMs = 3;
const lookEveryMs = 10;

type Ambushes = { readonly [K in AmbushKind]: (fault: FaultOf<K>, nemesis: Nemesis) => void };

/** How the faults that wait for their moment are brought about. */
export const ambushes: Ambushes = {
  /**
   * Who is about to come into sync has what the leader knows to be committed, and from then on gets nothing more. Whether it counts is decided by what the leader
   * counts until the controller has answered, and by what it had asked of the joiner (P3, P6; KAFKA-7128, KAFKA-9672).
   */
  'joiner-cut-off'({ isAnswered, armedMs, forMs }, nemesis) {
    waitFor(nemesis, alterPartitionKey, armedMs, ({ from, to }) => {
      const joiners = namesOfJoiners(nemesis, from.host);
      if (joiners.length === 0) return false;
      for (const joiner of joiners) cutBothWays(nemesis, from.host, joiner, forMs);
      if (!isAnswered) cut(nemesis, to.host, from.host, forMs);
      return true;
    });
  },

  /**
   * A record that came over HTTP is in the log of its leader, and whoever passed it on hears nothing and reaches nobody, for so long that a client is told how it
   * ended: that nobody knows (P16, H1).
   */
  'produce-unanswered'({ afterMs, armedMs, forMs }, nemesis) {
    const { names, world } = nemesis.cluster;
    waitFor(nemesis, produceKey, armedMs, ({ from, to }) => {
      if (!names.includes(from.host)) return false;
      nemesis.later(afterMs, () => {
        nemesis.note(`connections of ${from.host} to ${to.host} are reset`);
        world.network.reset(from.host, to.host);
        nemesis.later(resetMs, () => cutBothWays(nemesis, from.host, to.host, forMs));
      });
      return true;
    });
  },

  /**
   * The second leader begins with less than the third has, writes for itself where the third has other records of the epoch before, and falls: when it comes back, where the
   * leader's log parts from its own is not where its own does (KIP-279).
   */
  'two-failovers'({ downMs }, nemesis) {
    const { cluster } = nemesis;
    const found = threeInLine(nemesis);
    if (found === undefined) return;
    const { first, second, third, topic, index } = found;
    const copy = (name: string): Partition | undefined => cluster.broker(name)?.partitions.replica(topic, index);
    const end = (name: string) => copy(name)?.log.logEndOffset ?? -1n;
    nemesis.note(`${first} is to fall, then ${second}, and ${third} to lead ${topic}-${index}`);
    cutBothWays(nemesis, first, second, 1500);
    cutBothWays(nemesis, second, third, 4000);
    const { leaderEpoch } = copy(first)!;
    const isAhead = () => end(third) > end(second);
    const writesForItself = () => {
      const epoch = copy(second)?.leaderEpoch;
      return epoch !== undefined && epoch > leaderEpoch! && copy(second)!.log.lastEpoch === epoch;
    };
    when(nemesis, isAhead, 450, () => {
      fall(nemesis, first, downMs[0]);
      when(nemesis, writesForItself, 6000, () => fall(nemesis, second, downMs[1]));
    });
  },

  /** What a broker has fetched in its former life says nothing of what it has now (P6; KAFKA-15221). */
  'former-fetches'({ laterMs }, nemesis) {
    nemesis.replayFormerFetches(laterMs);
  },

  /** Only what is written down of the log says that this is no torn end, to be cut off, and the copy not one that may be elected (S4, P5). */
  'rotten-end'({ broker, where, mode, downMs }, nemesis) {
    const { cluster } = nemesis;
    const rotten = cluster.flipLastBit(broker, where);
    if (rotten === undefined) return;
    nemesis.note(`the last bit of ${rotten} on ${broker} flips`);
    cutAllPower(nemesis, mode, downMs);
  },
};

/** Until `act` says that the request was the right one, or the time is over. */
function waitFor(nemesis: Nemesis, apiKey: number, armedMs: number, act: (request: Overheard) => boolean): void {
  const stop = nemesis.overheard!.listen((request) => {
    if (request.apiKey !== apiKey) return;
    if (nemesis.isHealed || act(request)) stop();
  });
  nemesis.later(armedMs, stop);
}

/** As soon as it holds, if that is within so long. */
function when(nemesis: Nemesis, holds: () => boolean, withinMs: number, act: () => void): void {
  if (holds()) act();
  else if (withinMs > 0) nemesis.later(lookEveryMs, () => when(nemesis, holds, withinMs - lookEveryMs, act));
}

/** Those whom a leader has asked to be taken into sync, but for itself. */
function namesOfJoiners(nemesis: Nemesis, name: string): string[] {
  const { cluster } = nemesis;
  const joiners = new Set<string>();
  const sender = cluster.running.find((running) => running.name === name);
  for (const { leader } of sender?.broker.partitions.all() ?? []) {
    for (const { brokerId } of leader?.proposal?.isr ?? []) if (!leader!.isr.includes(brokerId)) joiners.add(cluster.nameOf(brokerId)!);
  }
  return [...joiners];
}

/** A partition with three in sync, in the order in which they are to lead; none of those that are cut off from one another is the controller. */
function threeInLine({ cluster }: Nemesis) {
  const { controller } = cluster;
  for (const { name: topic, partitions } of cluster.latestImage?.topics.all() ?? []) {
    for (const { partition: index, leader, replicas, isr } of partitions) {
      const [second, third] = replicas.filter((id) => id !== leader && isr.includes(id)).map((id) => cluster.nameOf(id)!);
      const first = cluster.nameOf(leader);
      if (first === undefined || second === undefined || third === undefined || [second, third].includes(controller ?? '')) continue;
      if (cluster.broker(first)?.partitions.replica(topic, index)?.leaderEpoch === undefined) continue;
      return { first, second, third, topic, index };
    }
  }
  return undefined;
}

function fall(nemesis: Nemesis, name: string, downMs: number): void {
  if (nemesis.cluster.isUp(name)) nemesis.cluster.kill(name);
  nemesis.restart(name, downMs);
}
