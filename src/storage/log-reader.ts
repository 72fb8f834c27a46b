import { DiskError } from '#platform';
import { KafkaError, RecordBatch, recordBatchHeaderSize } from '#protocol';
import { faultOf, faultOfSize, scanBatches, sizeAt } from './batch-scan.ts';
import { DamagedLogError } from './errors.ts';
import type { Segment } from './segment.ts';

/** A record by its timestamp. */
export interface TimestampedOffset {
  offset: bigint;
  /** Milliseconds since 1970. */
  timestamp: bigint;
  leaderEpoch: number;
}

export interface ReaderOptions {
  segments(): readonly Segment[];
  /** The leader epoch that wrote an offset, as far as it is known. */
  epochOf(offset: bigint): number | undefined;
  damaged(error: DamagedLogError): void;
  /** Whether offsets may be missing between batches, as compaction leaves them. */
  gaps(): boolean;
}

/** Reads one log's files. Nothing that it hands out has a checksum that does not hold, or offsets that do not belong there. */
export class LogReader {
  readonly #options: ReaderOptions;
  /** Counts truncations and replaced segments: what was read across one may be of before or after. */
  #generation = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** To be called at each truncation, and when segments are replaced. */
  invalidate(): void {
    this.#generation++;
  }

  /** See PartitionLog.read; undefined when the log was truncated meanwhile. */
  read(fetchOffset: bigint, maxBytes: number, upTo: bigint, atLeastOne: boolean): Promise<Buffer | undefined> {
    return this.#guarded(() => this.#read(fetchOffset, maxBytes, upTo, atLeastOne));
  }

  async #read(fetchOffset: bigint, maxBytes: number, upTo: bigint, atLeastOne: boolean): Promise<Buffer | undefined> {
    const generation = this.#generation;
    const segments = this.#options.segments();
    for (
      let index = Math.max(
        0,
        segments.findLastIndex((segment) => segment.baseOffset <= fetchOffset),
      );
      index < segments.length;
      index++
    ) {
      const segment = segments[index]!;
      if (segment.size === 0) continue;
      const bytes = await this.#readSegment(segment, { fetchOffset, maxBytes, upTo, atLeastOne, generation });
      if (generation !== this.#generation) return undefined;
      if (bytes) return bytes;
    }
    return Buffer.alloc(0);
  }

  /** Where the batch that holds `offset`, or the first one after it, begins in a segment's file. */
  positionOf(segment: Segment, offset: bigint): { position: number; baseOffset: bigint } {
    const file = segment.open();
    try {
      let found: { position: number; baseOffset: bigint } | undefined;
      const scan = (from: number) =>
        scanBatches(
          file,
          { from, to: segment.size, expectedOffset: segment.baseOffset, checkCrc: false, gaps: true },
          (batch, position) => {
            if (batch.lastOffset < offset) return undefined;
            found = { position, baseOffset: batch.baseOffset < offset ? batch.baseOffset : offset };
            return false;
          },
        );
      const { fault, position } = scan(segment.offsetIndex.lookup(segment.relative(offset)).position);
      if (fault) throw this.#damage(segment, offset, position, fault);
      return found ?? { position: segment.size, baseOffset: offset };
    } finally {
      segment.release();
    }
  }

  offsetForTimestamp(timestamp: bigint, logStartOffset: bigint): Promise<TimestampedOffset | undefined> {
    return this.#retried(async (generation) => {
      for (const segment of this.#options.segments()) {
        if (segment.size === 0 || segment.maxTimestamp < timestamp) continue;
        const from = segment.offsetIndex.lookup(segment.timeIndex.lookup(timestamp)).position;
        const found = await this.#findRecord(segment, from, generation, timestamp, logStartOffset);
        if (found) return found;
      }
      return undefined;
    });
  }

  offsetOfMaxTimestamp(logStartOffset: bigint): Promise<TimestampedOffset | undefined> {
    return this.#retried(async (generation) => {
      let newest: Segment | undefined;
      for (const segment of this.#options.segments()) {
        if (segment.size > 0 && segment.maxTimestamp >= 0n && segment.maxTimestamp > (newest?.maxTimestamp ?? -1n)) newest = segment;
      }
      if (!newest) return undefined;
      const { position } = newest.offsetIndex.lookup(newest.relative(newest.maxTimestampOffset));
      return this.#findRecord(newest, position, generation, newest.maxTimestamp, logStartOffset);
    });
  }

  /** Again from the beginning when a truncation came between. */
  async #retried<Found>(find: (generation: number) => Promise<Found | undefined>): Promise<Found | undefined> {
    for (;;) {
      const generation = this.#generation;
      const found = await this.#guarded(() => find(generation));
      if (generation === this.#generation) return found;
    }
  }

  /** The first record at or after `minimumOffset` whose timestamp is not below the given one, looked for from a position on. */
  async #findRecord(
    segment: Segment,
    from: number,
    generation: number,
    timestamp: bigint,
    minimumOffset: bigint,
  ): Promise<TimestampedOffset | undefined> {
    const chunkBytes = 64 * 1024;
    const file = segment.open();
    try {
      for (let position = from; position < segment.size; ) {
        let bytes = await file.read(position, Math.min(chunkBytes, segment.size - position));
        if (generation !== this.#generation) return undefined;
        let at = 0;
        while (position + at < segment.size) {
          const left = segment.size - position - at;
          if (bytes.length - at < recordBatchHeaderSize) break;
          const sizeFault = faultOfSize(bytes, at, left);
          if (sizeFault) throw this.#damage(segment, segment.baseOffset, position + at, sizeFault);
          const size = sizeAt(bytes, at);
          const batch = new RecordBatch(bytes, at);
          if (batch.maxTimestamp >= timestamp && batch.lastOffset >= minimumOffset) {
            if (bytes.length - at < size) {
              bytes = await file.read(position + at, size);
              if (generation !== this.#generation) return undefined;
              position += at;
              at = 0;
            }
            const whole = new RecordBatch(bytes, at);
            if (!whole.isValidCrc())
              throw this.#damage(segment, whole.baseOffset, position + at, 'a batch whose CRC does not match its content');
            for (const record of whole.records()) {
              if (record.timestamp >= timestamp && record.offset >= minimumOffset) {
                return { offset: record.offset, timestamp: record.timestamp, leaderEpoch: whole.partitionLeaderEpoch };
              }
            }
          }
          at += size;
        }
        if (at === 0) return undefined;
        position += at;
      }
      return undefined;
    } finally {
      segment.release();
    }
  }

  async #readSegment(
    segment: Segment,
    {
      fetchOffset,
      maxBytes,
      upTo,
      atLeastOne,
      generation,
    }: { fetchOffset: bigint; maxBytes: number; upTo: bigint; atLeastOne: boolean; generation: number },
  ): Promise<Buffer | undefined> {
    const size = segment.size;
    const { position, nextPosition } = segment.offsetIndex.lookup(segment.relative(fetchOffset));
    const file = segment.open();
    try {
      const length = Math.min((nextPosition ?? size) - position + Math.max(maxBytes, recordBatchHeaderSize), size - position);
      let bytes = await file.read(position, length);
      if (generation !== this.#generation) return undefined;
      const start = this.#skipTo(segment, bytes, position, fetchOffset);
      if (start === undefined) {
        // Between its end and the next segment there is nothing left (compaction), or the index points nowhere.
        const found = this.positionOf(segment, fetchOffset);
        if (found.position >= size) return undefined;
        if (found.position < position + bytes.length)
          throw this.#damage(segment, fetchOffset, position, 'an index entry that points into a batch');
        bytes = await file.read(found.position, Math.min(Math.max(maxBytes, recordBatchHeaderSize), size - found.position));
        if (generation !== this.#generation) return undefined;
        return this.#takeWithFirst(segment, {
          bytes,
          at: 0,
          position: found.position,
          fetchOffset,
          maxBytes,
          upTo,
          atLeastOne,
          generation,
        });
      }
      return this.#takeWithFirst(segment, { bytes, at: start, position, fetchOffset, maxBytes, upTo, atLeastOne, generation });
    } finally {
      segment.release();
    }
  }

  /** Where in the bytes the batch begins that ends at or after an offset; undefined when it is not among them. */
  #skipTo(segment: Segment, bytes: Buffer, position: number, fetchOffset: bigint): number | undefined {
    for (let at = 0; bytes.length - at >= recordBatchHeaderSize; at += sizeAt(bytes, at)) {
      const fault = faultOfSize(bytes, at, segment.size - position - at);
      if (fault) throw this.#damage(segment, fetchOffset, position + at, fault);
      if (new RecordBatch(bytes, at).lastOffset >= fetchOffset) return at;
    }
    return undefined;
  }

  /** Whole, verified batches from a place on; reads more when the first one is not all there. */
  async #takeWithFirst(
    segment: Segment,
    from: {
      bytes: Buffer;
      at: number;
      position: number;
      fetchOffset: bigint;
      maxBytes: number;
      upTo: bigint;
      atLeastOne: boolean;
      generation: number;
    },
  ): Promise<Buffer | undefined> {
    let { bytes, at, position } = from;
    const firstSize = sizeAt(bytes, at);
    if (firstSize > from.maxBytes && !from.atLeastOne) return Buffer.alloc(0);
    if (bytes.length - at < firstSize) {
      position += at;
      at = 0;
      const file = segment.open();
      try {
        bytes = await file.read(position, firstSize);
      } finally {
        segment.release();
      }
      if (from.generation !== this.#generation) return undefined;
    }
    return this.#take(segment, bytes, at, position, from);
  }

  #take(
    segment: Segment,
    bytes: Buffer,
    start: number,
    position: number,
    { fetchOffset, maxBytes, upTo }: { fetchOffset: bigint; maxBytes: number; upTo: bigint },
  ): Buffer {
    let end = start;
    let expected = segment.baseOffset;
    while (bytes.length - end >= recordBatchHeaderSize) {
      const size = sizeAt(bytes, end);
      const isFirst = end === start;
      if (!isFirst && end + size - start > maxBytes) break;
      const sizeFault = faultOfSize(bytes, end, segment.size - position - end);
      if (sizeFault) throw this.#damage(segment, expected, position + end, sizeFault);
      if (bytes.length - end < size) break;
      const batch = new RecordBatch(bytes, end);
      const fault = faultOf(batch, expected, { gaps: isFirst || this.#options.gaps(), checkCrc: true });
      if (fault) throw this.#damage(segment, isFirst ? fetchOffset : expected, position + end, fault);
      if (isFirst && !this.#options.gaps() && batch.baseOffset > fetchOffset) {
        throw this.#damage(
          segment,
          fetchOffset,
          position + end,
          `a batch with base offset ${batch.baseOffset} where ${fetchOffset} is due`,
        );
      }
      const epoch = this.#options.epochOf(batch.baseOffset);
      if (epoch !== undefined && batch.partitionLeaderEpoch >= 0 && batch.partitionLeaderEpoch !== epoch) {
        throw this.#damage(
          segment,
          batch.baseOffset,
          position + end,
          `a batch of leader epoch ${batch.partitionLeaderEpoch}, not ${epoch}`,
        );
      }
      if (batch.lastOffset >= upTo) break;
      expected = batch.lastOffset + 1n;
      end += size;
    }
    return bytes.subarray(start, end);
  }

  /** A disk that cannot read names its file; too many open files pass, anything else is taken for damage. */
  async #guarded<Found>(read: () => Promise<Found>): Promise<Found> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      const message = `${error.path} cannot be read: ${error.message}`;
      if (error.code === 'EMFILE' || error.code === 'ENFILE') throw new KafkaError('KAFKA_STORAGE_ERROR', message, { cause: error });
      const damage = new DamagedLogError(error.path, message);
      this.#options.damaged(damage);
      throw damage;
    }
  }

  #damage(segment: Segment, offset: bigint, position: number, what: string): DamagedLogError {
    const path = segment.path('.log');
    const error = new DamagedLogError(path, `${path} is damaged at offset ${offset}: ${what} at byte ${position}`);
    this.#options.damaged(error);
    return error;
  }
}
