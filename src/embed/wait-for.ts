import { describeGroup, nameOf, overviewOf, readMetadata } from '#client';
import { NetworkError } from '#platform';
import { KafkaError } from '#protocol';
import type { DirectCluster } from './direct-cluster.ts';
import { type RecordsOptions, readRecords } from './read-records.ts';
import type { ReadRecord } from './record.ts';
import { type WaitOptions, waitUntil } from './waiting.ts';

export interface GroupWaitOptions extends WaitOptions {
  /** How many members it is to have, too. */
  readonly members?: number;
}

export interface LagWaitOptions extends WaitOptions {
  /** Of one topic only. */
  readonly topic?: string;
}

export interface LeaderWaitOptions extends WaitOptions {
  /** Default 0. */
  readonly partition?: number;
  /** This one is to lead. */
  readonly broker?: number;
  /** Any one but this is to lead. */
  readonly not?: number;
}

/** Waits for what a test wants to see, instead of for some time. What does not come in time is an error that says what was there instead. */
export class WaitFor {
  readonly #cluster: DirectCluster;

  constructor(cluster: DirectCluster) {
    this.#cluster = cluster;
  }

  /** The same as {@link KafkaCluster.records}. */
  records(topic: string, options: RecordsOptions = {}): Promise<ReadRecord[]> {
    return readRecords(this.#cluster, topic, options);
  }

  /**
   * 'stable': the group has members and each knows what it is to read; 'empty': it has none. A group that nobody knows is neither.
   * @returns its members
   */
  group(
    groupId: string,
    state: 'stable' | 'empty',
    options: GroupWaitOptions = {},
  ): Promise<readonly { readonly clientId: string; readonly memberId: string }[]> {
    const { members: wanted } = options;
    const what = `group ${groupId} ${state}${wanted === undefined ? '' : ` with ${wanted} members`}`;
    return this.#until(what, options, async () => {
      const group = await describeGroup(this.#cluster, groupId);
      const isSo = group.state.toLowerCase() === state && (wanted === undefined || group.members.length === wanted);
      if (isSo) return { found: group.members };
      return `state ${group.state}, members: ${listed(group.members.map(({ clientId, partitions }) => `${clientId} with ${listed((partitions ?? []).map(nameOf))}`))}`;
    });
  }

  /** The group has committed so far that at most `lag` records are left to it, in each partition. */
  lag(groupId: string, lag: number, options: LagWaitOptions = {}): Promise<void> {
    return this.#until(`lag ${lag} of group ${groupId}`, options, async () => {
      const { offsets } = await overviewOf(this.#cluster, groupId);
      const those = offsets.filter(({ topic }) => options.topic === undefined || topic === options.topic);
      if (those.length === 0) return 'nothing committed';
      // What has no records has nothing that could be committed.
      const isBehind = those.some(({ currentOffset, logEndOffset, lag: left }) =>
        currentOffset === null ? logEndOffset !== 0n : left === null || left > BigInt(lag),
      );
      if (!isBehind) return { found: undefined };
      return listed(
        those.map((place) => `${nameOf(place)} at ${place.currentOffset ?? 'no offset'} of ${place.logEndOffset ?? 'unknown'}`),
      );
    });
  }

  /** A partition has a leader, as every broker that is up knows. @returns its id */
  leader(topic: string, options: LeaderWaitOptions = {}): Promise<number> {
    const { partition = 0, broker, not } = options;
    const wish = broker !== undefined ? `broker ${broker}` : not !== undefined ? `another than broker ${not}` : 'a leader';
    return this.#until(`${wish} as leader of ${topic}-${partition}`, options, async () => {
      const views = this.#cluster.up.map(({ id, router }) => ({
        id,
        leader: router?.image.topics.byName(topic)?.partitions[partition]?.leader,
      }));
      const [first] = views;
      if (first === undefined) return 'no broker is up';
      const leaders = new Set(views.map(({ leader }) => leader));
      const isLed = leaders.size === 1 && first.leader !== undefined && first.leader >= 0 && this.#cluster.isUp(first.leader);
      if (isLed && (broker === undefined || first.leader === broker) && first.leader !== not) return { found: first.leader! };
      const { topics } = await readMetadata(this.#cluster, [topic]);
      if (!topics.has(topic)) return `there is no topic ${topic}`;
      return listed(
        views.map(({ id, leader }) => `broker ${id} knows ${leader === undefined || leader < 0 ? 'no leader' : `broker ${leader}`}`),
      );
    });
  }

  #until<T>(what: string, options: WaitOptions, look: () => Promise<{ readonly found: T } | string>): Promise<T> {
    return waitUntil(
      this.#cluster.clock,
      what,
      async () => {
        try {
          return await look();
        } catch (error) {
          // Nobody there yet, or nobody who knows: it may come.
          if (error instanceof KafkaError || error instanceof NetworkError) return error.message;
          throw error;
        }
      },
      options,
    );
  }
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}
