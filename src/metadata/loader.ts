import assert from 'node:assert/strict';
import type { Clock, Logger } from '#platform';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { MetadataDelta } from './image/delta.ts';
import { emptyImage, type MetadataImage } from './image/image.ts';
import { ImageBuilder, type LogPosition, replaceBySnapshot } from './image/image-builder.ts';
import { metadataVersionFeature, supportedMetadataVersions } from './image/metadata-versions.ts';
import { decodeRecord, encodeRecord, imageToRecords, metadataVersionOf } from './image/records.ts';

/** A committed batch of the metadata log, as raft hands it over. */
export interface CommittedBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly leaderEpoch: number;
  /** Milliseconds since 1970. */
  readonly appendTimestamp: number;
  readonly records: readonly { readonly offset: bigint; readonly value: Buffer }[];
}

/** A snapshot that takes the place of everything before `endOffset`. */
export interface LoadedSnapshot {
  readonly endOffset: bigint;
  readonly leaderEpoch: number;
  readonly lastContainedLogTimestamp: number;
  readonly records: readonly Buffer[];
}

/** Where snapshots are made: raft. */
export interface SnapshotWriter {
  createSnapshot(
    lastContainedOffset: bigint,
    lastContainedEpoch: number,
    lastContainedTimestamp: number,
    records: Iterable<Buffer>,
  ): Promise<void>;
}

export interface MetadataLoaderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** metadata.log.max.record.bytes.between.snapshots */
  readonly snapshotEveryBytes?: number;
  /** metadata.log.max.snapshot.interval.ms; 0 for never by time. */
  readonly snapshotEveryMs?: number;
}

type ImageCallback = (image: MetadataImage, delta: MetadataDelta) => void;

/**
 * Turns the committed metadata log into images, one per batch, and tells those who follow, in order and at once. Also decides when
 * the log has grown enough for a snapshot. Batches inside a metadata transaction (KIP-868) wait for its end.
 */
export class MetadataLoader {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #snapshotEveryBytes: number;
  readonly #snapshotEveryMs: number;
  readonly #callbacks: ImageCallback[] = [];
  #image: MetadataImage = emptyImage;
  /** The records of a metadata transaction that has begun and not ended. */
  #transaction: MetadataRecord[] | undefined;
  #snapshots: SnapshotWriter | undefined;
  #snapshotRunning = false;
  #bytesSinceSnapshot = 0;
  #lastSnapshotAt: number;

  constructor(options: MetadataLoaderOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#snapshotEveryBytes = options.snapshotEveryBytes ?? 20 * 1024 * 1024;
    this.#snapshotEveryMs = options.snapshotEveryMs ?? 60 * 60 * 1000;
    this.#lastSnapshotAt = options.clock.monotonic();
  }

  /** All that was committed, as far as this broker knows. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Has a metadata transaction begun that nobody has ended? */
  get transactionIsOpen(): boolean {
    return this.#transaction !== undefined;
  }

  /** Adds a follower; it is called for every later image, after those who were added before it. */
  onImage(callback: ImageCallback): void {
    this.#callbacks.push(callback);
  }

  /** From now on snapshots are asked for there. */
  makeSnapshotsWith(writer: SnapshotWriter): void {
    this.#snapshots = writer;
  }

  handleCommit(batch: CommittedBatch): void {
    assert(batch.baseOffset > this.#image.offset, `metadata batch ${batch.baseOffset} comes after offset ${this.#image.offset}`);
    const builder = new ImageBuilder(this.#image);
    for (const { value } of batch.records) {
      this.#bytesSinceSnapshot += value.length;
      this.#apply(decodeRecord(value), builder);
    }
    const { image, delta } = builder.finish({ offset: batch.lastOffset, leaderEpoch: batch.leaderEpoch, timestamp: batch.appendTimestamp });
    checkVersion(image);
    this.#publish(image, delta);
    this.#maybeSnapshot();
  }

  handleSnapshot(snapshot: LoadedSnapshot): void {
    const position: LogPosition = {
      offset: snapshot.endOffset - 1n,
      leaderEpoch: snapshot.leaderEpoch,
      timestamp: snapshot.lastContainedLogTimestamp,
    };
    assert(position.offset >= this.#image.offset, `a snapshot up to ${position.offset} would take back offset ${this.#image.offset}`);
    const { image, delta } = replaceBySnapshot(this.#image, snapshot.records.map(decodeRecord), position);
    checkVersion(image);
    this.#transaction = undefined;
    this.#bytesSinceSnapshot = 0;
    this.#lastSnapshotAt = this.#clock.monotonic();
    this.#publish(image, delta);
  }

  /** Nothing to do: who leads is not part of the image. */
  handleLeaderChange(): void {}

  #apply(record: MetadataRecord, builder: ImageBuilder): void {
    switch (record.name) {
      case 'BeginTransactionRecord':
        assert(this.#transaction === undefined, 'a metadata transaction begins inside another');
        this.#transaction = [];
        return;
      case 'EndTransactionRecord':
        assert(this.#transaction !== undefined, 'a metadata transaction ends that has not begun');
        for (const waiting of this.#transaction) builder.apply(waiting);
        this.#transaction = undefined;
        return;
      case 'AbortTransactionRecord':
        assert(this.#transaction !== undefined, 'a metadata transaction is given up that has not begun');
        this.#transaction = undefined;
        return;
      default:
        if (this.#transaction !== undefined) this.#transaction.push(record);
        else builder.apply(record);
    }
  }

  #publish(image: MetadataImage, delta: MetadataDelta): void {
    this.#image = image;
    for (const callback of this.#callbacks) callback(image, delta);
  }

  /** A snapshot holds whole transactions only; one that is open puts it off. */
  #maybeSnapshot(): void {
    if (this.#snapshots === undefined || this.#snapshotRunning || this.#transaction !== undefined || this.#bytesSinceSnapshot === 0) return;
    const now = this.#clock.monotonic();
    const byTime = this.#snapshotEveryMs > 0 && now - this.#lastSnapshotAt >= this.#snapshotEveryMs;
    if (this.#bytesSinceSnapshot < this.#snapshotEveryBytes && !byTime) return;
    this.#snapshotRunning = true;
    this.#bytesSinceSnapshot = 0;
    this.#lastSnapshotAt = now;
    const image = this.#image;
    this.#snapshots.createSnapshot(image.offset, image.leaderEpoch, image.timestamp, snapshotRecords(image)).then(
      () => {
        this.#snapshotRunning = false;
        this.#log.debug({ offset: String(image.offset) }, 'wrote a snapshot of the metadata');
      },
      (error: unknown) => {
        this.#snapshotRunning = false;
        this.#log.error({ offset: String(image.offset), error: String(error) }, 'a snapshot of the metadata could not be written');
      },
    );
  }
}

/** The encoded records of a snapshot of the image. */
export function* snapshotRecords(image: MetadataImage): Generator<Buffer> {
  const level = metadataVersionOf(image);
  for (const record of imageToRecords(image)) yield encodeRecord(record, level);
}

/** A log in a format of which only others know the rules must not be read by guess. */
function checkVersion(image: MetadataImage): void {
  const level = image.features.get(metadataVersionFeature);
  if (level === undefined) return;
  const { min, max } = supportedMetadataVersions;
  assert(level >= min && level <= max, `the cluster's metadata.version is ${level}; this program understands ${min} to ${max}`);
}
