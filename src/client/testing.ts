/** What tests share: a cluster in memory that answers as brokers do. Not part of the program. */
import { NodeClock, sleep } from '#platform';
import {
  type Api,
  batchesIn,
  buildRecordBatch,
  type ErrorName,
  type RequestInput,
  type RequestOf,
  type ResponseOf,
  withDefaults,
} from '#protocol';
import { consumerGroupDescribe } from '#protocol/apis/consumer-group-describe.ts';
import { deleteGroups } from '#protocol/apis/delete-groups.ts';
import { describeGroups } from '#protocol/apis/describe-groups.ts';
import { fetch } from '#protocol/apis/fetch.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { offsetCommit } from '#protocol/apis/offset-commit.ts';
import { offsetFetch } from '#protocol/apis/offset-fetch.ts';
import type { Cluster } from './cluster.ts';

export interface FakePartition {
  leader: number;
  start: bigint;
  highWatermark: bigint;
  lastStableOffset: bigint;
  batches: Buffer[];
  aborted: { producerId: bigint; firstOffset: bigint }[];
}

/** One request as it was sent. */
export interface Sent {
  to: number | 'anyone';
  api: string;
  request: unknown;
}

/** Brokers 1 to 3; broker 1 coordinates all groups. Groups are classic. */
export class FakeCluster implements Cluster {
  readonly clock = new NodeClock();
  readonly patienceMs = 400;
  readonly sent: Sent[] = [];
  readonly topics = new Map<string, FakePartition[]>();
  /** Committed offsets, by group and by topic-partition. */
  readonly offsets = new Map<string, Map<string, bigint>>();
  /** Names of members, by group. */
  readonly members = new Map<string, string[]>();
  /** Called before a request is answered; what it throws or returns is the answer. */
  intercept: ((sent: Sent) => unknown) | undefined;

  addTopic(name: string, partitions: number): FakePartition[] {
    const made = Array.from({ length: partitions }, (_, index) => ({
      leader: (index % 3) + 1,
      start: 0n,
      highWatermark: 0n,
      lastStableOffset: 0n,
      batches: [],
      aborted: [],
    }));
    this.topics.set(name, made);
    return made;
  }

  /** Appends a batch at the end, committed. */
  append(topic: string, partition: number, batch: Parameters<typeof buildRecordBatch>[0] | Buffer): void {
    const log = this.topics.get(topic)![partition]!;
    const bytes = Buffer.isBuffer(batch) ? batch : buildRecordBatch(batch);
    const [first] = batchesIn(bytes);
    first!.stamp(log.highWatermark, 0);
    log.batches.push(bytes);
    log.highWatermark = first!.lastOffset + 1n;
    log.lastStableOffset = log.highWatermark;
  }

  /** What it answers, for those who bring requests on another way. */
  async send<A extends Api>(to: number | 'anyone', api: A, request: RequestInput<A>): Promise<ResponseOf<A>> {
    const sent = { to, api: api.name, request: withDefaults(api.request, request) };
    this.sent.push(sent);
    const answer = this.intercept?.(sent) ?? this.#answer(to, api, sent.request as never);
    // A reader that waits for more asks again and again.
    if (api.key === fetch.key) await sleep(this.clock, 5);
    return withDefaults(api.response, answer as never) as ResponseOf<A>;
  }

  #answer(to: number | 'anyone', api: Api, request: never): unknown {
    switch (api.key) {
      case metadata.key:
        return this.#metadata(request);
      case findCoordinator.key:
        return {
          coordinators: (request as RequestOf<typeof findCoordinator>).coordinatorKeys.map((key) => ({
            key,
            nodeId: 1,
            host: 'localhost',
            port: 1,
            errorCode: 'NONE',
            errorMessage: null,
          })),
        };
      case listOffsets.key:
        return this.#listOffsets(to, request);
      case fetch.key:
        return this.#fetch(to, request);
      case offsetFetch.key:
        return this.#offsetFetch(request);
      case offsetCommit.key:
        return this.#offsetCommit(request);
      case consumerGroupDescribe.key:
        return { groups: (request as RequestOf<typeof consumerGroupDescribe>).groupIds.map((groupId) => absent(groupId)) };
      case describeGroups.key:
        return { groups: (request as RequestOf<typeof describeGroups>).groups.map((groupId) => this.#described(groupId)) };
      case deleteGroups.key:
        return { results: (request as RequestOf<typeof deleteGroups>).groupsNames.map((groupId) => this.#deleted(groupId)) };
      default:
        throw new Error(`the fake does not know ${api.name}`);
    }
  }

  #metadata({ topics }: RequestOf<typeof metadata>): unknown {
    const names = topics?.map(({ name }) => name!) ?? [...this.topics.keys()];
    return {
      brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: 'localhost', port: nodeId })),
      topics: names.map((name) => {
        const partitions = this.topics.get(name);
        if (partitions === undefined)
          return { name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] };
        return {
          name,
          topicId: idOf(name),
          errorCode: 'NONE',
          partitions: partitions.map(({ leader }, partitionIndex) => ({
            errorCode: 'NONE',
            partitionIndex,
            leaderId: leader,
            leaderEpoch: 0,
            replicaNodes: [leader],
            isrNodes: [leader],
          })),
        };
      }),
    };
  }

  #listOffsets(to: number | 'anyone', { topics, isolationLevel }: RequestOf<typeof listOffsets>): unknown {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.topics.get(name)![partitionIndex]!;
          if (log.leader !== to) return { partitionIndex, errorCode: 'NOT_LEADER_OR_FOLLOWER' };
          const end = isolationLevel === 1 ? log.lastStableOffset : log.highWatermark;
          const found = timestamp === -2n ? log.start : timestamp === -1n ? end : offsetForTime(log, timestamp);
          return { partitionIndex, errorCode: 'NONE', offset: found };
        }),
      })),
    };
  }

  #fetch(to: number | 'anyone', { topics }: RequestOf<typeof fetch>): unknown {
    return {
      errorCode: 'NONE',
      responses: topics.map(({ topic, topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partition, fetchOffset }) => {
          const log = this.topics.get(topic)![partition]!;
          const nothing = { partitionIndex: partition, highWatermark: log.highWatermark, logStartOffset: log.start, records: null };
          if (log.leader !== to) return { ...nothing, errorCode: 'NOT_LEADER_OR_FOLLOWER' };
          if (fetchOffset < log.start || fetchOffset > log.highWatermark)
            return { ...nothing, logStartOffset: -1n, errorCode: 'OFFSET_OUT_OF_RANGE' };
          const records = log.batches.find((bytes) => [...batchesIn(bytes)][0]!.lastOffset >= fetchOffset);
          const [batch] = records === undefined ? [] : [...batchesIn(records)];
          const isReadable = batch !== undefined && batch.lastOffset < log.lastStableOffset;
          return { ...nothing, errorCode: 'NONE', abortedTransactions: log.aborted, records: isReadable ? records : null };
        }),
      })),
    };
  }

  #offsetFetch({ groups }: RequestOf<typeof offsetFetch>): unknown {
    return {
      groups: groups.map(({ groupId }) => {
        const committed = [...(this.offsets.get(groupId) ?? [])].map(([place, committedOffset]) => {
          const at = place.lastIndexOf('-');
          return { name: place.slice(0, at), partitionIndex: Number(place.slice(at + 1)), committedOffset };
        });
        const topics = [...Map.groupBy(committed, ({ name }) => name)].map(([name, those]) => ({
          topicId: idOf(name),
          partitions: those.map(({ partitionIndex, committedOffset }) => ({
            partitionIndex,
            committedOffset,
            metadata: '',
            errorCode: 'NONE',
          })),
        }));
        return { groupId, topics, errorCode: 'NONE' };
      }),
    };
  }

  #offsetCommit({ groupId, topics, generationIdOrMemberEpoch }: RequestOf<typeof offsetCommit>): unknown {
    const isRefused = generationIdOrMemberEpoch < 0 && (this.members.get(groupId)?.length ?? 0) > 0;
    const errorCode: ErrorName = isRefused ? 'UNKNOWN_MEMBER_ID' : 'NONE';
    const committed = this.offsets.get(groupId) ?? new Map<string, bigint>();
    if (!isRefused) this.offsets.set(groupId, committed);
    return {
      topics: topics.map(({ name, topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          if (!isRefused) committed.set(`${name}-${partitionIndex}`, committedOffset);
          return { partitionIndex, errorCode };
        }),
      })),
    };
  }

  #described(groupId: string): unknown {
    const members = this.members.get(groupId);
    if (members === undefined && !this.offsets.has(groupId)) return { ...absent(groupId), protocolType: '', protocolData: '' };
    return {
      errorCode: 'NONE',
      groupId,
      groupState: members?.length ? 'Stable' : 'Empty',
      protocolType: 'consumer',
      protocolData: 'range',
      members: (members ?? []).map((memberId) => ({
        memberId,
        clientId: `client-of-${memberId}`,
        clientHost: '/127.0.0.1',
        memberMetadata: Buffer.alloc(0),
        memberAssignment: Buffer.alloc(0),
      })),
    };
  }

  #deleted(groupId: string): unknown {
    if ((this.members.get(groupId)?.length ?? 0) > 0) return { groupId, errorCode: 'NON_EMPTY_GROUP' };
    return { groupId, errorCode: this.offsets.delete(groupId) ? 'NONE' : 'GROUP_ID_NOT_FOUND' };
  }
}

/** An id with the form of one, made from the name. */
export function idOf(name: string): string {
  return Buffer.from(name.padEnd(16, '.').slice(0, 16)).toString('base64url');
}

function absent(groupId: string): object {
  return { errorCode: 'GROUP_ID_NOT_FOUND', groupId, groupState: 'Dead', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] };
}

function offsetForTime({ batches, highWatermark }: FakePartition, timestamp: bigint): bigint {
  for (const bytes of batches)
    for (const batch of batchesIn(bytes))
      for (const record of batch.records()) if (record.timestamp >= timestamp && record.offset < highWatermark) return record.offset;
  return -1n;
}
