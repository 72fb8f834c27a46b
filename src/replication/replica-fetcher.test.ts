import { describe, expect, test } from 'vitest';
import { NetworkError, silentLogger } from '#platform';
import { RecordBatch, withDefaults } from '#protocol';
import { type FetchRequestInput, type FetchResponse, type FetchResponseInput, fetch } from '#protocol/apis/fetch.ts';
import { defaultLogConfig } from '#storage';
import type { Partition } from './partition.ts';
import { ReplicaFetcher } from './replica-fetcher.ts';
import { batchOf, Host, nodeId, ordersId, reading, textsOf } from './testing.ts';

const leaderId = 2;
const leaderEpoch = 5;

describe('a follower', () => {
  test('names itself, its incarnation and where its log stands', async () => {
    const { leader, host } = await start();

    await host.pass(1);

    expect(leader.requests[0]).toMatchObject({
      replicaState: { replicaId: nodeId, replicaEpoch: 77n },
      sessionId: 0,
      sessionEpoch: 0,
      topics: [
        { topicId: ordersId, partitions: [{ partition: 0, currentLeaderEpoch: leaderEpoch, fetchOffset: 0n, lastFetchedEpoch: -1 }] },
      ],
    });
  });

  test('appends what it is sent, byte for byte, and shows its readers what is committed', async () => {
    const { leader, host, partition } = await start();
    const sent = Buffer.concat([stamped(['a', 'b'], 0n), stamped(['c'], 2n)]);

    leader.send({ records: sent, highWatermark: 2n });
    await host.pass(100);

    expect(textsOf((await host.done(partition.read(reading(0n)))).records)).toEqual(['0:a', '1:b']);
    expect(await host.done(partition.read({ ...reading(0n), isolationLevel: 'all' }))).toMatchObject({ records: sent });
  });

  test('asks for more only when what it has is on its disk: its fetch offset is a promise (P1)', async () => {
    const { leader, host, partition } = await start();
    await host.pass(1);
    host.disk.setSlowness(1000);

    leader.send({ records: stamped(['slow'], 0n), highWatermark: 0n });
    await host.pass(50);
    const before = { requests: leader.requests.length, logEndOffset: partition.log.logEndOffset, flushed: partition.log.flushedOffset };
    await host.pass(60_000);

    expect(before).toEqual({ requests: 1, logEndOffset: 1n, flushed: 0n });
    expect(leader.requests[1]?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 1n, lastFetchedEpoch: leaderEpoch });
  });

  test('with flush.mode=os does not wait for its disk', async () => {
    const { leader, host } = await start({ flush: 'os' });
    await host.pass(1);
    host.disk.setSlowness(1000);

    leader.send({ records: stamped(['quick'], 0n), highWatermark: 0n });
    await host.pass(50);

    expect(leader.requests[1]?.topics[0]?.partitions[0]?.fetchOffset).toBe(1n);
  });

  test('that kept what was not on its disk when it led makes it durable before it asks', async () => {
    const { leader, host, partition, fetcher } = await start({}, { follows: false });
    await host.done(partition.becomeLeader({ leaderEpoch: 1, partitionEpoch: 0, isr: [1], replicas: [1, 2] }));
    host.disk.setSlowness(1000);
    partition.append(batchOf(['in the page cache']), 1, 1000);

    partition.becomeFollower({ leaderId, leaderEpoch });
    fetcher.add(partition);
    await host.pass(10);
    expect(leader.requests).toEqual([]);
    await host.pass(60_000);

    expect(leader.requests[0]?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 1n, lastFetchedEpoch: 1 });
  });

  test('refuses a batch that was damaged on the way, and asks again (S3)', async () => {
    const { leader, host, partition } = await start();
    const damaged = stamped(['flipped'], 0n);
    damaged[damaged.length - 3]! ^= 1;

    leader.send({ records: damaged, highWatermark: 1n });
    await host.pass(1000);

    expect([partition.log.logEndOffset, partition.highWatermark]).toEqual([0n, 0n]);
    expect(leader.requests.length).toBeGreaterThan(1);
  });
});

describe('logs that have parted', () => {
  test('follower-truncate-before-hw: the end is cut before the high watermark rises over it (P9)', async () => {
    const { leader, host, partition } = await start({}, { written: [stamped(['same'], 0n, 1), stamped(['of nobody', 'else'], 1n, 3)] });

    leader.send({ divergingEpoch: { epoch: 1, endOffset: 1n }, highWatermark: 3n });
    await host.pass(100);

    expect([partition.log.logEndOffset, partition.highWatermark]).toEqual([1n, 0n]);
    expect(leader.requests[1]?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 1n, lastFetchedEpoch: 1 });
  });

  test('kip279-two-fast-failovers: where the leader has more of the last epoch that both have, this log ends with its own part of it', async () => {
    // Epochs 1 and 2 here; the leader has three records of epoch 1, and wrote on in epoch 3.
    const { leader, host, partition } = await start(
      {},
      { written: [stamped(['both'], 0n, 1), ...[1n, 2n, 3n].map((offset) => stamped(['of nobody else'], offset, 2))] },
    );

    leader.send({ divergingEpoch: { epoch: 1, endOffset: 3n } });
    await host.pass(100);

    expect(partition.log.logEndOffset).toBe(1n);
    expect(leader.requests[1]?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 1n, lastFetchedEpoch: 1 });
  });

  test('never-below-own-hw: what is committed is not cut, and the replica goes offline by name', async () => {
    const { leader, host, partition, failed } = await start({}, { written: [stamped(['committed'], 0n, 1), stamped(['too'], 1n, 3)] });
    leader.send({ highWatermark: 2n });
    await host.pass(10);

    leader.send({ divergingEpoch: { epoch: 1, endOffset: 1n }, highWatermark: 1n });
    await host.pass(1000);

    expect(partition.log.logEndOffset).toBe(2n);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatch(/orders-0: .* below the high watermark 2.*unclean.leader.election.enable/);
  });

  test('where compaction has left a gap in the log of the leader, which is told, they have not parted: the log is taken over from the beginning (S10, L3)', async () => {
    const written = [0n, 1n, 2n].map((offset) => stamped([`${offset}`], offset, 1));
    const { leader, host, partition, failed } = await start({}, { written });
    leader.send({ highWatermark: 3n });
    await host.pass(10);

    leader.send({
      divergingEpoch: { epoch: 1, endOffset: 1n },
      highWatermark: 9n,
      logStartOffset: 0n,
      snapshotId: { endOffset: 8n, epoch: 0 },
    });
    await host.pass(100);

    expect([partition.log.logStartOffset, partition.log.logEndOffset, failed]).toEqual([0n, 0n, []]);
    expect(leader.requests.at(-1)?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 0n, lastFetchedEpoch: -1 });
  });

  test('what was never committed is cut there all the same, and nothing else', async () => {
    const written = [0n, 1n, 2n].map((offset) => stamped([`${offset}`], offset, 1));
    const { leader, host, partition } = await start({}, { written });
    leader.send({ highWatermark: 2n });
    await host.pass(10);

    leader.send({
      divergingEpoch: { epoch: 1, endOffset: 2n },
      highWatermark: 9n,
      logStartOffset: 0n,
      snapshotId: { endOffset: 8n, epoch: 0 },
    });
    await host.pass(100);

    expect(partition.log.logEndOffset).toBe(2n);
  });

  test('where somebody has allowed unclean leaders even that is cut', async () => {
    const { leader, host, partition } = await start({}, { written: [stamped(['given up'], 0n, 3)], allowsUncleanLeaders: true });
    leader.send({ highWatermark: 1n });
    await host.pass(10);

    leader.send({ divergingEpoch: { epoch: 1, endOffset: 0n }, highWatermark: 0n });
    await host.pass(100);

    expect([partition.log.logEndOffset, partition.highWatermark]).toEqual([0n, 0n]);
  });

  test('a follower that ends before the log of its leader begins starts again there', async () => {
    const { leader, host, partition } = await start({}, { written: [stamped(['long gone'], 0n, 1)] });

    leader.send({ errorCode: 'OFFSET_OUT_OF_RANGE', logStartOffset: 40n, highWatermark: 50n });
    await host.pass(100);

    expect([partition.log.logStartOffset, partition.log.logEndOffset]).toEqual([40n, 40n]);
  });

  test('a follower that ends below a deletion that compaction has let go begins anew, and takes the log over in parts from then on (S10)', async () => {
    const { leader, host, partition } = await start({}, { written: [stamped(['deleted meanwhile'], 0n, 1)] });
    const forgotten = (time: number) => ({ highWatermark: 9n, logStartOffset: 0n, snapshotId: { endOffset: 5n, epoch: time } });
    const ends: bigint[] = [];
    const answered = async (answer: Answer) => {
      leader.send(answer);
      await host.pass(100);
      ends.push(partition.log.logEndOffset);
    };

    await answered({ records: stamped(['behind it'], 1n), ...forgotten(3) });
    await answered({ records: stamped(['a', 'b'], 0n), ...forgotten(3) });
    await answered({ records: stamped(['c'], 2n), ...forgotten(3) });
    await answered({ records: stamped(['d', 'e'], 3n), ...forgotten(4) });
    await answered({ records: stamped(['a', 'b', 'c', 'd', 'e'], 0n), ...forgotten(4) });

    // Once because of what it had, and once because another deletion went while it took the log over.
    expect(ends).toEqual([0n, 2n, 3n, 0n, 5n]);
    expect(partition.log.compaction.forgottenDeletions.before).toBe(5n);
  });

  test('an empty follower takes the batch in whose middle the log of its leader begins since records were deleted, and begins there as well', async () => {
    const { leader, host, partition } = await start();
    leader.send({ errorCode: 'OFFSET_OUT_OF_RANGE', logStartOffset: 41n, highWatermark: 43n });
    await host.pass(100);

    leader.send({ records: stamped(['deleted', 'kept', 'too'], 40n), logStartOffset: 41n, highWatermark: 43n });
    await host.pass(100);

    expect([partition.log.logStartOffset, partition.log.logEndOffset, partition.highWatermark]).toEqual([41n, 43n, 43n]);
    expect(textsOf((await host.done(partition.read(reading(41n)))).records)).toEqual(['40:deleted', '41:kept', '42:too']);
    expect(leader.requests.at(-1)?.topics[0]?.partitions[0]).toMatchObject({ fetchOffset: 43n, logStartOffset: 41n });
  });

  test('so does one that has only what was deleted, and of that something which was never committed (P9)', async () => {
    const { leader, host, partition } = await start({}, { written: [stamped(['mine', 'mine too'], 0n, 1)] });

    leader.send({ records: stamped(['deleted', 'kept', 'too'], 1n), logStartOffset: 2n, highWatermark: 4n });
    await host.pass(100);

    expect([partition.log.logStartOffset, partition.log.logEndOffset, partition.highWatermark]).toEqual([2n, 4n, 4n]);
  });

  test('an answer that comes when the replica follows another leader is not taken over (P11)', async () => {
    const { leader, host, partition, fetcher } = await start();
    await host.pass(1);

    fetcher.remove(partition);
    partition.becomeFollower({ leaderId: 3, leaderEpoch: leaderEpoch + 1 });
    leader.send({ records: stamped(['of the old leader'], 0n), highWatermark: 1n });
    await host.pass(100);

    expect(partition.log.logEndOffset).toBe(0n);
  });
});

describe('fetching', () => {
  test('goes on after the leader could not be reached, naming everything again', async () => {
    const { leader, host } = await start();
    leader.send({ highWatermark: 0n }, 9);
    await host.pass(10);

    leader.fail(new NetworkError('ECONNRESET', 'gone'));
    await host.pass(1000);

    expect(leader.requests.map(({ sessionId, topics }) => [sessionId, topics.length])).toEqual([
      [0, 1],
      [9, 0],
      [0, 1],
    ]);
  });

  test('of a partition that comes new does not wait for the answer that is waited for', async () => {
    const { leader, host, fetcher } = await start();
    await host.pass(1);
    const other = await replica(host, 1);
    other.becomeFollower({ leaderId, leaderEpoch });

    fetcher.add(other);
    await host.pass(10);

    expect(leader.requests.map(({ topics }) => topics[0]?.partitions.map(({ partition }) => partition))).toEqual([[0], [0, 1]]);
    expect(leader.lanes).toEqual([0, 1]);
  });

  test('leaves a partition alone for a moment that its leader refuses', async () => {
    const { leader, host } = await start();

    leader.send({ errorCode: 'NOT_LEADER_OR_FOLLOWER', highWatermark: -1n });
    await host.pass(50);
    const soon = leader.requests.length;
    await host.pass(200);

    expect([soon, leader.requests.length]).toEqual([1, 2]);
  });
});

async function start(
  config: { flush?: 'os' } = {},
  given: { written?: readonly Buffer[]; allowsUncleanLeaders?: boolean; follows?: boolean } = {},
) {
  const host = await Host.start();
  const leader = new FakeLeader();
  const failed: string[] = [];
  const partition = await replica(host, 0, config, given.allowsUncleanLeaders);
  const fetcher = new ReplicaFetcher(leaderId, {
    nodeId,
    brokerEpoch: () => 77n,
    send: (to, request, lane) => leader.ask(to, request, lane),
    onFailed: (_partition, error) => failed.push(error.message),
    onBroken: (error) => failed.push(String(error)),
    settings: { maxWaitMs: 500, maxBytes: 1 << 20, maxResponseBytes: 10 << 20, backoffMs: 100 },
    clock: host.platform.clock,
    logger: silentLogger,
  });
  for (const records of given.written ?? []) partition.log.appendAsFollower(records);
  await host.done(partition.log.flush());
  if (given.follows !== false) {
    partition.becomeFollower({ leaderId, leaderEpoch });
    fetcher.add(partition);
  }
  return { host, leader, partition, fetcher, failed };
}

async function replica(host: Host, index: number, config: { flush?: 'os' } = {}, allowsUncleanLeaders = false): Promise<Partition> {
  const log = await host.done(host.directory.createPartition('orders', index, ordersId, { ...defaultLogConfig, ...config }));
  return host.partitionOver(log, { allowsUncleanLeaders: () => allowsUncleanLeaders });
}

type Answer = Partial<NonNullable<FetchResponseInput['responses'][number]['partitions']>[number]>;

/** A leader that answers what it is told to, in the order of the questions; until then they wait. */
class FakeLeader {
  readonly requests: FetchRequestInput[] = [];
  readonly lanes: number[] = [];
  readonly #waiting: { resolve(response: FetchResponse): void; reject(error: Error): void }[] = [];
  readonly #answers: (FetchResponse | Error)[] = [];

  ask(_leaderId: number, request: FetchRequestInput, lane: number): Promise<FetchResponse> {
    this.requests.push(request);
    this.lanes.push(lane);
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  send(answer: Answer, sessionId = 0): void {
    const partition = { partitionIndex: 0, errorCode: 'NONE' as const, highWatermark: 0n, logStartOffset: 0n, records: null, ...answer };
    const response = withDefaults(fetch.response, {
      throttleTimeMs: 0,
      sessionId,
      responses: [{ topicId: ordersId, partitions: [partition] }],
    }) as FetchResponse;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#answers.push(response);
    else waiting.resolve(response);
  }

  fail(error: Error): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#answers.push(error);
    else waiting.reject(error);
  }
}

/** A batch as it stands in a leader's log. */
function stamped(texts: readonly string[], baseOffset: bigint, epoch = leaderEpoch): Buffer {
  const bytes = batchOf(texts);
  new RecordBatch(bytes, 0).stamp(baseOffset, epoch);
  return bytes;
}
