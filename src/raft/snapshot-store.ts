import type { Disk, DiskFile, Logger } from '#platform';
import { batchesIn, buildRecordBatch, KafkaError, type RecordBatch } from '#protocol';
import { buildRaftBatch, encodeControlRecord, readControlBatch, snapshotFooter, snapshotHeader } from './control-records.ts';
import type { SnapshotId, Voter } from './types.ts';

const fileName = /^(\d{20})-(\d{10})\.checkpoint$/;
const partName = /^\d{20}-\d{10}\.checkpoint\.part$/;
/** Records of a snapshot go into batches of about this size. */
const batchBytes = 512 * 1024;
/** Snapshots that are kept: should the newest be damaged, the one before it and the log after that one still tell everything. */
const kept = 2;

/** What a snapshot file holds. */
export interface SnapshotContent {
  readonly id: SnapshotId;
  readonly lastContainedLogTimestamp: number;
  /** The voter set in force at its end; empty when it names none. */
  readonly voters: readonly Voter[];
  readonly records: readonly Buffer[];
}

/** `00000000000000000062-0000000001.checkpoint` */
export function snapshotFileName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`;
}

/**
 * The snapshots in the metadata log's directory, in Kafka's files (KIP-630): a control batch with the header, the level of
 * kraft.version and the voters, batches of records, and a control batch with the footer. A file gets its name only when it is whole.
 */
export class SnapshotStore {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #log: Logger;
  /** Fetched copies that are being checked, by the names that they are to get. */
  readonly #finishing = new Map<string, Promise<SnapshotContent | undefined>>();
  #ids: SnapshotId[];

  constructor(disk: Disk, directory: string, log: Logger) {
    this.#disk = disk;
    this.#directory = directory;
    this.#log = log;
    this.#ids = disk
      .list(directory)
      .map((name) => fileName.exec(name))
      .filter((match) => match !== null)
      .map(([, endOffset, epoch]) => ({ endOffset: BigInt(endOffset!), epoch: Number(epoch) }));
  }

  /** Those on disk, by rising end offset. */
  get ids(): readonly SnapshotId[] {
    return this.#ids;
  }

  get latest(): SnapshotId | undefined {
    return this.#ids.at(-1);
  }

  /** Bytes in an unfinished copy of this snapshot. */
  partialSize(id: SnapshotId): number {
    return this.#disk.stat(`${this.#path(id)}.part`)?.size ?? 0;
  }

  /** The newest snapshot that is whole. Damaged ones are put aside under another name, for people to look at. */
  async loadLatest(): Promise<SnapshotContent | undefined> {
    for (;;) {
      const id = this.latest;
      if (id === undefined) return undefined;
      try {
        return await this.read(id);
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        await this.#putAside(id, error.message);
      }
    }
  }

  async #putAside(id: SnapshotId, why: string): Promise<void> {
    this.#log.error({ snapshot: snapshotFileName(id), error: why }, 'a metadata snapshot is damaged and not used');
    this.#ids = this.#ids.filter((other) => other !== id);
    this.#disk.rename(this.#path(id), `${this.#path(id)}.damaged`);
    await this.#disk.syncDirectory(this.#directory);
  }

  /** @throws KafkaError CORRUPT_MESSAGE when the file is not a whole snapshot */
  async read(id: SnapshotId): Promise<SnapshotContent> {
    return parse(id, await this.#readAll(this.#path(id)));
  }

  /**
   * Writes a snapshot; it is there, and durable, when the promise resolves. One that exists already is left as it is.
   */
  async create(id: SnapshotId, lastContainedLogTimestamp: number, voters: readonly Voter[], records: Iterable<Buffer>): Promise<void> {
    if (this.#find(id) !== undefined) return;
    const path = `${this.#path(id)}.new.part`;
    const file = this.#disk.open(path, 'create');
    try {
      for (const bytes of encode(id, lastContainedLogTimestamp, voters, records)) file.write([bytes], file.size);
      await file.sync();
    } finally {
      file.close();
    }
    await this.#publish(path, id);
  }

  /** Adds fetched bytes to the unfinished copy. */
  writePart(id: SnapshotId, position: number, bytes: Buffer): void {
    const path = `${this.#path(id)}.part`;
    const file = this.#disk.open(path, position === 0 ? 'create' : 'write');
    try {
      file.write([bytes], position);
    } finally {
      file.close();
    }
  }

  /**
   * Checks the fetched copy and gives it its name; undefined when it was damaged, and is gone. Who asks again while that goes on, as a follower that has lost its leader
   * and found it again, gets the same answer.
   */
  finishPart(id: SnapshotId): Promise<SnapshotContent | undefined> {
    const name = snapshotFileName(id);
    let finishing = this.#finishing.get(name);
    if (finishing === undefined) {
      finishing = this.#finish(id).finally(() => this.#finishing.delete(name));
      this.#finishing.set(name, finishing);
    }
    return finishing;
  }

  async #finish(id: SnapshotId): Promise<SnapshotContent | undefined> {
    const path = `${this.#path(id)}.part`;
    try {
      const content = parse(id, await this.#readAll(path));
      const file = this.#disk.open(path, 'write');
      try {
        await file.sync();
      } finally {
        file.close();
      }
      await this.#publish(path, id);
      return content;
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.#log.warn({ snapshot: snapshotFileName(id), error: error.message }, 'a fetched metadata snapshot is damaged, fetching it again');
      this.#disk.remove(path);
      return undefined;
    }
  }

  /**
   * A piece for a follower. Before the first one the whole file is checked: one that has become damaged is put aside, and the one before it
   * is offered from then on, or nobody would ever get anything whole.
   * @throws KafkaError SNAPSHOT_NOT_FOUND, POSITION_OUT_OF_RANGE
   */
  async readPiece(id: SnapshotId, position: number, maxBytes: number): Promise<{ readonly size: number; readonly bytes: Buffer }> {
    const known = this.#find(id);
    if (known !== undefined && position === 0) await this.#check(known);
    if (this.#find(id) === undefined) throw new KafkaError('SNAPSHOT_NOT_FOUND');
    const file = this.#disk.open(this.#path(id), 'read');
    try {
      const { size } = file;
      if (position < 0 || position > size) throw new KafkaError('POSITION_OUT_OF_RANGE');
      return { size, bytes: await file.read(position, Math.min(maxBytes, size - position)) };
    } finally {
      file.close();
    }
  }

  /** Removes all but the newest snapshots and unfinished copies. Returns the oldest that is left: the log may begin where it ends. */
  async clean(): Promise<SnapshotId | undefined> {
    const gone = this.#ids.splice(0, Math.max(0, this.#ids.length - kept));
    for (const id of gone) this.#disk.remove(this.#path(id));
    const latest = this.latest;
    for (const name of this.#disk.list(this.#directory)) {
      if (partName.test(name) && latest !== undefined && name <= snapshotFileName(latest)) this.#disk.remove(`${this.#directory}/${name}`);
    }
    if (gone.length > 0) await this.#disk.syncDirectory(this.#directory);
    return this.#ids[0];
  }

  async #check(id: SnapshotId): Promise<void> {
    try {
      await this.read(id);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (this.#find(id) !== undefined) await this.#putAside(id, error.message);
    }
  }

  #find({ endOffset, epoch }: SnapshotId): SnapshotId | undefined {
    return this.#ids.find((id) => id.endOffset === endOffset && id.epoch === epoch);
  }

  #path(id: SnapshotId): string {
    return `${this.#directory}/${snapshotFileName(id)}`;
  }

  async #publish(path: string, id: SnapshotId): Promise<void> {
    this.#disk.rename(path, this.#path(id));
    await this.#disk.syncDirectory(this.#directory);
    if (this.#find(id) !== undefined) return;
    this.#ids = [...this.#ids, id].sort((a, b) => (a.endOffset < b.endOffset ? -1 : a.endOffset > b.endOffset ? 1 : a.epoch - b.epoch));
  }

  async #readAll(path: string): Promise<Buffer> {
    const file: DiskFile = this.#disk.open(path, 'read');
    try {
      return await file.read(0, file.size);
    } finally {
      file.close();
    }
  }
}

/** The bytes of a snapshot file, batch by batch; offsets count from 0 as in Kafka's. */
function* encode(
  id: SnapshotId,
  lastContainedLogTimestamp: number,
  voters: readonly Voter[],
  records: Iterable<Buffer>,
): Generator<Buffer> {
  const leaderEpoch = id.epoch;
  const timestamp = lastContainedLogTimestamp;
  const head = [snapshotHeader(lastContainedLogTimestamp)];
  if (voters.length > 0) {
    head.push(encodeControlRecord({ type: 'kRaftVersion', version: 1 }), encodeControlRecord({ type: 'voters', voters }));
  }
  yield buildRaftBatch(head, timestamp, leaderEpoch);
  let baseOffset = BigInt(head.length);
  let batch: { value: Buffer }[] = [];
  let bytes = 0;
  const flush = () => {
    const built = buildRecordBatch({ records: batch, baseOffset, leaderEpoch, timestamp });
    baseOffset += BigInt(batch.length);
    batch = [];
    bytes = 0;
    return built;
  };
  for (const value of records) {
    batch.push({ value });
    bytes += value.length;
    if (bytes >= batchBytes) yield flush();
  }
  if (batch.length > 0) yield flush();
  yield buildRaftBatch([snapshotFooter()], timestamp, leaderEpoch, baseOffset);
}

/** @throws KafkaError CORRUPT_MESSAGE unless every checksum is right, the header comes first and the footer last */
function parse(id: SnapshotId, bytes: Buffer): SnapshotContent {
  const damaged = (why: string) => new KafkaError('CORRUPT_MESSAGE', `${snapshotFileName(id)}: ${why}`);
  let timestamp: number | undefined;
  let voters: readonly Voter[] = [];
  let hasFooter = false;
  let size = 0;
  let nextOffset = 0n;
  const records: Buffer[] = [];
  const check = (batch: RecordBatch) => {
    if (!batch.isValidCrc()) throw damaged(`the checksum of the batch at ${size} is wrong`);
    if (batch.baseOffset !== nextOffset)
      throw damaged(`the batch at ${size} has base offset ${batch.baseOffset} where ${nextOffset} is due`);
    if (hasFooter) throw damaged('there is something behind the footer');
    if (size > 0 && timestamp === undefined) throw damaged('it does not begin with a header');
  };
  try {
    for (const batch of batchesIn(bytes)) {
      check(batch);
      if (batch.isControl) {
        const content = readControlBatch(batch);
        timestamp ??= content.lastContainedLogTimestamp;
        voters = content.voters?.voters ?? voters;
        hasFooter = content.isFooter;
      } else {
        for (const { value } of batch.records()) if (value !== null) records.push(value);
      }
      size += batch.sizeInBytes;
      nextOffset = batch.lastOffset + 1n;
    }
  } catch (error) {
    if (error instanceof KafkaError && error.errorName === 'CORRUPT_MESSAGE') throw error;
    throw damaged(`it is malformed: ${(error as Error).message}`);
  }
  if (size !== bytes.length || !hasFooter || timestamp === undefined) throw damaged('it has no end');
  return { id, lastContainedLogTimestamp: timestamp, voters, records };
}
