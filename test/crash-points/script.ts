import { type Platform, SeededRandom, type SimulatedDisk, type SimulatedNode, SimulatedWorld } from '#platform';
import { buildEndTransactionMarker } from '#protocol';
import { LogDirectory, type PartitionLog } from '#storage';
import { batchOf } from '#storage/testing.ts';
import { configFor, directoryPath, readLog } from './check.ts';
import { Expectations, matchesOf } from './expectations.ts';
import { Recorder } from './trace.ts';

export interface Recording {
  readonly recorder: Recorder;
  readonly expectations: Expectations;
}

const topicIds = ['dGhlLW9yZGVycy10b3BpYw', 'dGhlLWxlZGdlci10b3BpYw', 'dGhlLWNhY2hlZC10b3BpYw', 'dGhlLXRhYmxlcy10b3BpYw'];
const metadataId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const steps = 220;

/**
 * Plays a life of a data directory on a disk that takes its time, and records every operation and what has to hold meanwhile.
 * @param options.spoil plants a fault in the disk first, which the checks have to find
 */
export async function record(seed: number, { spoil }: { spoil?: (disk: SimulatedDisk) => void } = {}): Promise<Recording> {
  const world = new SimulatedWorld({ seed });
  const node = world.node('broker');
  spoil?.(node.disk);
  const recorder = new Recorder(node.disk);
  const script = new Script(node, recorder, new SeededRandom(`script ${seed}`));
  await world.finish(script.play(), 3_600_000);
  return script;
}

class Script implements Recording {
  readonly recorder: Recorder;
  readonly expectations: Expectations;
  readonly #node: SimulatedNode;
  readonly #random: SeededRandom;
  #platform: Platform;
  #directory!: LogDirectory;
  #epochs = new Map<string, number>();
  #records = 0;
  #temporary = 0;
  readonly #sequences = new Map<bigint, number>();
  #producerEpoch = 0;
  /** What was begun and not waited for. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(node: SimulatedNode, recorder: Recorder, random: SeededRandom) {
    this.#node = node;
    this.#platform = node.platform;
    this.recorder = recorder;
    this.expectations = new Expectations(() => recorder.entries.length);
    this.#random = random;
  }

  async play(): Promise<void> {
    await this.#open();
    for (const [index, topic] of ['orders', 'ledger', 'page-cache', 'table'].entries()) await this.#create(topic, topicIds[index]!);
    await this.#create('__cluster_metadata', metadataId);
    for (let step = 1; step <= steps; step++) {
      await this.#step();
      if (step === steps / 4) await this.#restart('clean');
      else if (step % (steps / 4) === 0) await this.#restart('killed');
    }
    await this.#close();
  }

  async #step(): Promise<void> {
    const acts: [weight: number, act: () => unknown][] = [
      [10, () => this.#append('orders')],
      [3, () => this.#transaction()],
      [8, () => this.#follow('ledger')],
      [3, () => this.#append('page-cache')],
      [4, () => this.#appendMetadata()],
      [8, () => this.#put()],
      [11, () => this.#flush(this.#log(this.#pick(['orders', 'ledger', 'table', '__cluster_metadata'])))],
      [3, () => this.#log(this.#pick(['orders', 'ledger', 'page-cache', 'table', 'table', '__cluster_metadata'])).roll()],
      [3, () => this.#clean()],
      [2, () => this.#directory.checkpoint()],
      [2, () => this.#retention()],
      [2, () => this.#deleteRecords(this.#log(this.#pick(['orders', 'ledger'])))],
      [2, () => this.#truncate(this.#log(this.#pick(['ledger', 'ledger', 'page-cache', '__cluster_metadata'])))],
      [1, () => this.#truncate(this.#log('table'))],
      [0.5, () => this.#startAgain(this.#log('ledger'))],
      [1.5, () => this.#temporaryPartition()],
      [3, () => this.#wait(this.#random.below(30))],
      [1, () => this.#wait(250)],
    ];
    let draw = this.#random.fraction() * acts.reduce((sum, [weight]) => sum + weight, 0);
    const [, act] = acts.find(([weight]) => (draw -= weight) < 0)!;
    const done = Promise.resolve(act());
    this.#running.add(done);
    void done.finally(() => this.#running.delete(done)).catch(() => {});
    if (this.#random.chance(0.6)) await done;
  }

  #append(topic: string): void {
    const log = this.#log(topic);
    const producerId = BigInt(this.#random.below(3));
    const records = 1 + this.#random.below(3);
    const baseSequence = this.#sequences.get(producerId) ?? 0;
    const isIdempotent = topic === 'orders' && producerId > 0n;
    if (isIdempotent) this.#sequences.set(producerId, baseSequence + records);
    const producer = isIdempotent ? { producerId, producerEpoch: 0, baseSequence } : {};
    this.#write(log, batchOf(this.#texts(records), { ...producer, timestamp: this.#time() }), 'client');
    if (this.#random.chance(0.05)) this.#epochs.set(topic, this.#epochOf(log) + 1);
  }

  /** Transactions on orders: one at a time, each with an epoch of its own. */
  #transaction(): void {
    const log = this.#log('orders');
    const producer = { producerId: 50n, producerEpoch: ++this.#producerEpoch, baseSequence: 0, isTransactional: true };
    this.#write(log, batchOf(this.#texts(2), { ...producer, timestamp: this.#time() }), 'client');
    if (this.#random.chance(0.5)) this.#append('orders');
    const type = this.#random.chance(0.5) ? 'ABORT' : 'COMMIT';
    const marker = { type, coordinatorEpoch: 1, producerId: 50n, producerEpoch: this.#producerEpoch, timestamp: this.#time() } as const;
    this.#write(log, buildEndTransactionMarker(marker), 'coordinator');
  }

  /** Values of a few keys, and deletions, in the compacted log. */
  #put(): void {
    const records = this.#texts(1 + this.#random.below(4)).map((value) => ({
      key: `key ${this.#random.below(6)}`,
      value: this.#random.chance(0.3) ? null : value,
    }));
    this.#write(this.#log('table'), batchOf([], { records, timestamp: this.#time() }), 'client');
  }

  #clean(): Promise<void> {
    this.expectations.cleaning('table-0');
    return this.#directory.clean({ dedupeBufferBytes: this.#random.chance(0.3) ? 24 * 5 : 24 * 100 });
  }

  #appendMetadata(): void {
    const log = this.#log('__cluster_metadata');
    this.#write(log, batchOf(this.#texts(1 + this.#random.below(4)), { timestamp: this.#time() }), 'raft-leader');
  }

  #write(log: PartitionLog, bytes: Buffer, origin: 'client' | 'coordinator' | 'raft-leader'): void {
    const { firstOffset } = log.append(bytes, { leaderEpoch: this.#epochOf(log), origin });
    this.expectations.appending(log.name, log.read(firstOffset, 1_000_000, log.logEndOffset) as Buffer);
  }

  /** Some batches from the leader at once. */
  #follow(topic: string): void {
    const log = this.#log(topic);
    const batches: Buffer[] = [];
    let baseOffset = log.logEndOffset;
    for (let count = 1 + this.#random.below(4); count > 0; count--) {
      const records = 1 + this.#random.below(3);
      const producer = { producerId: BigInt(60 + this.#random.below(3)), producerEpoch: 0, baseSequence: Number(baseOffset) };
      const options = { ...producer, baseOffset, leaderEpoch: this.#epochOf(log), timestamp: this.#time() };
      batches.push(batchOf(this.#texts(records), options));
      baseOffset += BigInt(records);
    }
    const bytes = Buffer.concat(batches);
    // Before it is done: it may be several writes, with a crash between them.
    this.expectations.appending(log.name, bytes);
    log.appendAsFollower(bytes);
  }

  async #flush(log: PartitionLog): Promise<void> {
    const { history } = this.expectations.newest(log.name);
    const offset = log.logEndOffset;
    await log.flush();
    this.expectations.flushed(log.name, history, offset);
    if (this.expectations.newest(log.name).history !== history) return;
    const limit = log.flushedOffset < log.logEndOffset ? log.flushedOffset : log.logEndOffset;
    if (limit > log.highWatermark) {
      this.expectations.highWatermark(log.name, limit);
      log.highWatermark = limit;
    }
  }

  async #retention(): Promise<void> {
    for (const { name, highWatermark } of this.#directory.partitions()) this.expectations.raisingStart(name, highWatermark);
    await this.#directory.applyRetention();
    // Segments go when the log's new start has been written down; another one may be on its way meanwhile.
    for (const { name, segmentOffsets } of this.#directory.partitions()) {
      const isSettled = this.expectations.expectation(name)?.alternatives.length === 1;
      if (isSettled) this.expectations.raisedStart(name, segmentOffsets[0]!);
    }
  }

  async #deleteRecords(log: PartitionLog): Promise<void> {
    const { highWatermark, logStartOffset } = log;
    const offset = logStartOffset + BigInt(this.#random.below(Number(highWatermark - logStartOffset) + 1));
    this.expectations.raisingStart(log.name, offset);
    await log.incrementLogStartOffset(offset);
    this.expectations.raisedStart(log.name, offset);
  }

  /** To somewhere not far from the end, or right to where a segment begins; sometimes with other records right behind it. */
  async #truncate(log: PartitionLog): Promise<void> {
    // What was cleaned is known to be committed, and is never cut.
    const least = log.topic === 'table' ? log.highWatermark : log.logStartOffset;
    const back = BigInt(this.#random.below(Math.min(25, Number(log.logEndOffset - least)) + 1));
    const segments = log.segmentOffsets.filter((offset) => offset > log.logStartOffset && offset >= least);
    const offset = segments.length > 0 && this.#random.chance(0.3) ? segments.at(-1)! : log.logEndOffset - back;
    const end = this.expectations.truncating(log.name, offset);
    const { history } = this.expectations.newest(log.name);
    const done = log.truncateTo(offset);
    if (log.logEndOffset !== end) throw new Error(`${log.name} ends at ${log.logEndOffset} after a truncation to ${end}`);
    this.#epochs.set(log.topic, this.#epochOf(log) + 1);
    if (log.topic === 'table') this.#put();
    else if (log.topic !== '__cluster_metadata' && this.#random.chance(0.4)) this.#follow(log.topic);
    await done;
    this.expectations.truncated(log.name, history, end);
  }

  async #startAgain(log: PartitionLog): Promise<void> {
    const offset = log.logStartOffset + BigInt(this.#random.below(80));
    this.expectations.startingAt(log.name, offset);
    const { history } = this.expectations.newest(log.name);
    await log.truncateFullyAndStartAt(offset);
    this.expectations.truncated(log.name, history, offset);
  }

  async #temporaryPartition(): Promise<void> {
    const name = 'temporary-0';
    if (this.expectations.expectation(name)?.isThere === false) return;
    if (!this.expectations.expectation(name)) return this.#create('temporary', `${topicIds[0]!.slice(0, -2)}${10 + this.#temporary++}`);
    this.#append('temporary');
    if (this.#random.chance(0.5)) await this.#flush(this.#log('temporary'));
    this.expectations.deleting(name);
    await this.#directory.deletePartition('temporary', 0);
    this.expectations.deleted(name);
  }

  async #create(topic: string, topicId: string): Promise<void> {
    this.expectations.creating(`${topic}-0`, topicId);
    await this.#directory.createPartition(topic, 0, topicId, configFor(topic));
    this.expectations.created(`${topic}-0`);
  }

  async #open(): Promise<void> {
    if (this.expectations.current.clean === 'yes') this.expectations.clean('maybe');
    this.#directory = await LogDirectory.open({ platform: this.#platform, path: directoryPath, configFor });
    this.#directory.startHousekeeping({ checkpointMs: 100, retentionCheckMs: 1_000_000 });
    if (this.#directory.failedPartitions().length > 0) throw this.#directory.failedPartitions()[0]!.failure;
    this.expectations.clean('no');
    for (const log of this.#directory.partitions()) {
      const found = await readLog(log);
      const expectation = this.expectations.expectation(log.name);
      const matches = expectation ? matchesOf(expectation, found) : 'it was deleted';
      if (typeof matches === 'string') throw new Error(`${log.name} after a restart: ${matches}`);
      this.expectations.found(log.name, matches[0]!, log.logStartOffset, log.logEndOffset);
    }
    for (const [name, { isThere }] of this.expectations.current.partitions) {
      if (this.#directory.partitions().some((log) => log.name === name)) continue;
      if (isThere) throw new Error(`${name} is gone after a restart`);
      this.expectations.deleted(name);
    }
  }

  async #restart(how: 'clean' | 'killed'): Promise<void> {
    if (how === 'clean') await this.#close();
    this.#node.kill();
    this.#running.clear();
    this.#platform = this.#node.platform;
    await this.#open();
  }

  async #close(): Promise<void> {
    await Promise.all(this.#running);
    const histories = this.#directory
      .partitions()
      .map((log) => ({ log, history: this.expectations.newest(log.name).history, end: log.logEndOffset }));
    this.expectations.clean('maybe');
    await this.#directory.close({ brokerEpoch: 7n });
    for (const { log, history, end } of histories) this.expectations.flushed(log.name, history, end);
    this.expectations.clean('yes');
  }

  #log(topic: string): PartitionLog {
    const log = this.#directory.partition(topic, 0);
    if (!log) throw new Error(`${topic}-0 is not there`);
    return log;
  }

  #epochOf({ topic }: PartitionLog): number {
    return this.#epochs.get(topic) ?? 0;
  }

  #texts(count: number): string[] {
    return Array.from({ length: count }, () => `${this.#records++}${'x'.repeat(this.#random.below(this.#random.chance(0.1) ? 700 : 120))}`);
  }

  #time(): number {
    return 1_700_000_000_000 + this.#records * 10 + this.#random.below(30);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#platform.clock.after(ms, resolve));
  }
}
