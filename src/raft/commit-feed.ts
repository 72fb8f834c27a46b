import type { Logger } from '#platform';
import { batchesIn } from '#protocol';
import type { PartitionLog } from '#storage';
import type { SnapshotContent } from './snapshot-store.ts';

/** Who lives by the committed metadata log. All methods are called in the order of the log, and none while another one runs. */
export interface RaftListener {
  /** One committed batch of data. Control batches are Raft's own and are left out, but their offsets count. */
  handleCommit(batch: {
    readonly baseOffset: bigint;
    readonly lastOffset: bigint;
    readonly leaderEpoch: number;
    /** Milliseconds since 1970. */
    readonly appendTimestamp: number;
    readonly records: readonly { readonly offset: bigint; readonly value: Buffer }[];
  }): void;
  /** Forget everything, and go on from this. */
  handleSnapshot(snapshot: {
    readonly endOffset: bigint;
    readonly leaderEpoch: number;
    readonly lastContainedLogTimestamp: number;
    readonly records: readonly Buffer[];
  }): void;
  /** `leaderId` -1: none. The leader itself hears of it only after all of its log is committed, and was handed over here. */
  handleLeaderChange(leader: { readonly leaderId: number; readonly leaderEpoch: number }): void;
}

type News =
  | { readonly type: 'commit'; readonly upTo: bigint }
  | { readonly type: 'snapshot'; readonly snapshot: SnapshotContent }
  | { readonly type: 'leader'; readonly leaderId: number; readonly leaderEpoch: number };

const readBytes = 1024 * 1024;

/** Hands what is committed to the listeners, in order, as fast as it can be read. */
export class CommitFeed {
  readonly #log: PartitionLog;
  readonly #logger: Logger;
  readonly #failed: (error: unknown) => void;
  readonly #listeners: RaftListener[] = [];
  readonly #news: News[] = [];
  #position: bigint;
  #running = false;
  #closed = false;
  #resets = 0;

  constructor(options: { log: PartitionLog; position: bigint; logger: Logger; failed: (error: unknown) => void }) {
    this.#log = options.log;
    this.#position = options.position;
    this.#logger = options.logger;
    this.#failed = options.failed;
  }

  /** All below it was handed over. */
  get position(): bigint {
    return this.#position;
  }

  add(listener: RaftListener): void {
    this.#listeners.push(listener);
  }

  push(news: News): void {
    if (news.type === 'commit' && this.#news.at(-1)?.type === 'commit') this.#news.pop();
    if (news.type === 'snapshot') {
      // The log that these lay in is gone, and with it what is being read from it.
      while (this.#news[0]?.type === 'commit') this.#news.shift();
      this.#resets++;
    }
    this.#news.push(news);
  }

  close(): void {
    this.#closed = true;
  }

  /** Hands over what was pushed: at once, as far as it lies in memory. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#work().catch((error: unknown) => {
      this.#closed = true;
      this.#logger.error({ error }, 'the committed metadata log cannot be handed over');
      this.#failed(error);
    });
  }

  async #work(): Promise<void> {
    for (let news = this.#news[0]; news !== undefined && !this.#closed; news = this.#news[0]) {
      if (news.type === 'commit') {
        if (this.#position >= news.upTo) this.#news.shift();
        else {
          const reading = this.#readOn(news.upTo);
          if (reading !== undefined) await reading;
        }
        continue;
      }
      this.#news.shift();
      if (news.type === 'snapshot') this.#handOverSnapshot(news.snapshot);
      else for (const listener of this.#listeners) listener.handleLeaderChange({ leaderId: news.leaderId, leaderEpoch: news.leaderEpoch });
    }
    // There is no await between the last look at the news and this: nothing that is pushed meanwhile is missed.
    this.#running = false;
  }

  /** Undefined when nothing had to be waited for: then no other work comes in between. */
  #readOn(upTo: bigint): Promise<void> | undefined {
    const resets = this.#resets;
    const read = this.#log.read(this.#position, readBytes, upTo);
    if (Buffer.isBuffer(read)) {
      this.#handOver(read);
      return undefined;
    }
    return read.then(
      (bytes) => {
        if (resets === this.#resets) this.#handOver(bytes);
      },
      (error: unknown) => {
        if (resets === this.#resets) throw error;
      },
    );
  }

  #handOver(bytes: Buffer): void {
    for (const batch of batchesIn(bytes)) {
      if (this.#closed) return;
      const { baseOffset, lastOffset, partitionLeaderEpoch: leaderEpoch } = batch;
      if (baseOffset < this.#position) continue;
      this.#position = lastOffset + 1n;
      if (batch.isControl) continue;
      const records = [...batch.records()].map(({ offset, value }) => ({ offset, value: value ?? Buffer.alloc(0) }));
      const committed = { baseOffset, lastOffset, leaderEpoch, appendTimestamp: Number(batch.maxTimestamp), records };
      for (const listener of this.#listeners) listener.handleCommit(committed);
    }
  }

  #handOverSnapshot({ id, lastContainedLogTimestamp, records }: SnapshotContent): void {
    this.#position = id.endOffset;
    const snapshot = { endOffset: id.endOffset, leaderEpoch: id.epoch, lastContainedLogTimestamp, records };
    for (const listener of this.#listeners) listener.handleSnapshot(snapshot);
  }
}
