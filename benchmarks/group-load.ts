import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from '#platform';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { joinGroup } from '#protocol/apis/join-group.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { offsetCommit } from '#protocol/apis/offset-commit.ts';
import { syncGroup } from '#protocol/apis/sync-group.ts';
import type { BrokerClient } from '#transport';
import { newClient } from './rivals.ts';

const sessionTimeoutMs = 45_000;
const heartbeatIntervalMs = 3000;
/** What a consumer would say of its topics; a coordinator passes it on unread, or knows none by it. */
const nothing = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** A member of a classic group, on a connection of its own as real ones are: a broker answers the requests of a connection in their order, and joining waits. */
interface Member {
  readonly client: BrokerClient;
  readonly groupId: string;
  memberId: string;
  generationId: number;
  /** The partition that it commits. */
  readonly partition: number;
  next: bigint;
}

export interface CommitFigures {
  /** Acknowledged commits. */
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** By error; what did not end well in any other way is one of them. */
  readonly errors: ReadonlyMap<string, number>;
}

/** Groups on one broker, that stay as they are, and commits at a fixed rate. */
export class GroupLoad {
  readonly #place: Address;
  readonly #topic: string;
  #topicId = '';
  readonly #members: Member[] = [];
  #isOver = false;

  constructor(place: Address, topic: string) {
    this.#place = place;
    this.#topic = topic;
  }

  /** Fills all groups; so many of them form at a time. @returns milliseconds until the last one was there */
  async form(groups: number, membersEach: number, atATime = 25): Promise<number> {
    const started = performance.now();
    const names = Array.from({ length: groups }, (_, i) => `group-${i}`);
    const client = newClient();
    await retried(async () => {
      const { topics } = await client.send(this.#place, metadata, { topics: [{ name: this.#topic }], allowAutoTopicCreation: false });
      this.#topicId = topics[0]!.topicId;
      return topics[0]!.errorCode;
    });
    client.close();
    const take = async () => {
      for (let groupId = names.pop(); groupId !== undefined; groupId = names.pop()) await this.#form(groupId, membersEach);
    };
    await Promise.all(Array.from({ length: atATime }, take));
    return performance.now() - started;
  }

  /** Sends commits at a rate, whether answered or not, while all members send their heartbeats. */
  async commit(perSecond: number, seconds: number): Promise<CommitFigures> {
    this.#isOver = false;
    const latencies: number[] = [];
    const errors = new Map<string, number>();
    const fail = (name: string) => errors.set(name, (errors.get(name) ?? 0) + 1);
    const beats = this.#beat(fail);
    const open = new Set<Promise<void>>();
    const started = performance.now();
    let sent = 0;
    while (sent < perSecond * seconds) {
      const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - started) / 1000) * perSecond));
      for (; sent < due; sent++) {
        const one = this.#commitOne(this.#members[sent % this.#members.length]!)
          .then(
            (ms) => void latencies.push(ms),
            (error: Error) => void fail(error.message),
          )
          .finally(() => open.delete(one));
        open.add(one);
      }
      await pause(1);
    }
    await Promise.all(open);
    const elapsed = (performance.now() - started) / 1000;
    this.#isOver = true;
    await beats;
    latencies.sort((a, b) => a - b);
    const at = (quantile: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * quantile))] ?? Number.NaN;
    return { count: latencies.length, perSecond: latencies.length / elapsed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), errors };
  }

  close(): void {
    this.#isOver = true;
    for (const { client } of this.#members) client.close();
  }

  async #form(groupId: string, count: number): Promise<void> {
    const members = Array.from({ length: count }, (_, partition) => ({
      client: newClient(),
      groupId,
      memberId: '',
      generationId: -1,
      partition,
      next: 0n,
    }));
    this.#members.push(...members);
    await retried(async () => {
      const { coordinators } = await members[0]!.client.send(this.#place, findCoordinator, { coordinatorKeys: [groupId] });
      return coordinators[0]!.errorCode;
    });
    const isFormed = () => members[0]!.generationId >= 0 && members.every(({ generationId }) => generationId === members[0]!.generationId);
    const take = async (member: Member) => {
      while (!isFormed()) {
        if (member.generationId < 0 || (await this.#isRebalancing(member))) await this.#join(member);
        else await pause(50);
      }
    };
    // On a busy machine an answer may come too late.
    const takeAgain = (member: Member): Promise<void> => take(member).catch(() => takeAgain(member));
    await Promise.all(members.map(takeAgain));
  }

  async #isRebalancing({ client, groupId, memberId, generationId }: Member): Promise<boolean> {
    const { errorCode } = await client.send(this.#place, heartbeat, { groupId, memberId, generationId });
    return errorCode !== 'NONE';
  }

  /** Joins the next generation; without an id it only gets one. */
  async #join(member: Member): Promise<void> {
    const { client, groupId, memberId } = member;
    const protocols = [{ name: 'range', metadata: nothing }];
    const asked = { groupId, memberId, sessionTimeoutMs, rebalanceTimeoutMs: 60_000, protocolType: 'consumer', protocols };
    const joined = await client.send(this.#place, joinGroup, asked, { timeoutMs: 70_000 });
    if (joined.errorCode === 'UNKNOWN_MEMBER_ID') member.memberId = '';
    else if (joined.memberId !== '') member.memberId = joined.memberId; // a coordinator that is loading gives none
    if (joined.errorCode !== 'NONE' && joined.errorCode !== 'MEMBER_ID_REQUIRED') await pause(100); // it is loading
    if (joined.errorCode !== 'NONE') return;
    const assignments = joined.members.map((each) => ({ memberId: each.memberId, assignment: nothing }));
    const which = {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      protocolType: 'consumer',
      protocolName: 'range',
    };
    const synced = await client.send(this.#place, syncGroup, { ...which, assignments });
    if (synced.errorCode === 'NONE') member.generationId = joined.generationId;
  }

  async #commitOne(member: Member): Promise<number> {
    const { client, groupId, memberId, generationId, partition } = member;
    const partitions = [{ partitionIndex: partition, committedOffset: member.next++, committedMetadata: '' }];
    const topics = [{ name: this.#topic, topicId: this.#topicId, partitions }];
    const started = performance.now();
    const answer = await client.send(this.#place, offsetCommit, { groupId, generationIdOrMemberEpoch: generationId, memberId, topics });
    const { errorCode } = answer.topics[0]!.partitions[0]!;
    if (errorCode !== 'NONE') throw new Error(errorCode);
    return performance.now() - started;
  }

  /** Heartbeats of all members, spread over the interval, until it is over. */
  async #beat(fail: (name: string) => void): Promise<void> {
    const started = performance.now();
    for (let sent = 0; !this.#isOver; ) {
      const due = Math.floor(((performance.now() - started) / heartbeatIntervalMs) * this.#members.length);
      for (; sent < due; sent++) {
        const { client, groupId, memberId, generationId } = this.#members[sent % this.#members.length]!;
        client.send(this.#place, heartbeat, { groupId, generationId, memberId }).then(
          ({ errorCode }) => errorCode === 'NONE' || fail(`heartbeat: ${errorCode}`),
          (error: Error) => fail(`heartbeat: ${error.message}`),
        );
      }
      await pause(10);
    }
  }
}

/** Again and again, until the answer is a success; on a busy machine none may come in time. */
export async function retried(ask: () => Promise<string>): Promise<void> {
  while ((await ask().catch(() => 'NETWORK_EXCEPTION')) !== 'NONE') await pause(100);
}
