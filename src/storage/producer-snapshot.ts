import { crc32c } from '#protocol';

const version = 1;
const headerBytes = 2 + 4 + 4;
const crcAt = 2;
const contentAt = 6;
const entryBytes = 46;

/** What a `.snapshot` file keeps of a producer: its last batch, and its open transaction. */
export interface ProducerSnapshotEntry {
  producerId: bigint;
  producerEpoch: number;
  /** -1 together with a lastOffset of -1n: the producer's last act was a marker. */
  lastSequence: number;
  lastOffset: bigint;
  /** How many records the last batch held, less one. */
  offsetDelta: number;
  timestamp: bigint;
  coordinatorEpoch: number;
  /** -1n: no transaction is open. */
  currentTxnFirstOffset: bigint;
}

/** The content of a `.snapshot` file: version, CRC32C of the rest, and the entries. */
export function encodeProducerSnapshot(entries: readonly ProducerSnapshotEntry[]): Buffer {
  const bytes = Buffer.alloc(headerBytes + entries.length * entryBytes);
  bytes.writeInt16BE(version, 0);
  bytes.writeInt32BE(entries.length, contentAt);
  let at = headerBytes;
  for (const entry of entries) {
    bytes.writeBigInt64BE(entry.producerId, at);
    bytes.writeInt16BE(entry.producerEpoch, at + 8);
    bytes.writeInt32BE(entry.lastSequence, at + 10);
    bytes.writeBigInt64BE(entry.lastOffset, at + 14);
    bytes.writeInt32BE(entry.offsetDelta, at + 22);
    bytes.writeBigInt64BE(entry.timestamp, at + 26);
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34);
    bytes.writeBigInt64BE(entry.currentTxnFirstOffset, at + 38);
    at += entryBytes;
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(contentAt)), crcAt);
  return bytes;
}

/** Undoes {@link encodeProducerSnapshot}; undefined when the bytes are not a sound snapshot. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerSnapshotEntry[] | undefined {
  if (bytes.length < headerBytes || bytes.readInt16BE(0) !== version) return undefined;
  if (bytes.readUInt32BE(crcAt) !== crc32c(bytes.subarray(contentAt))) return undefined;
  const count = bytes.readInt32BE(contentAt);
  if (bytes.length !== headerBytes + count * entryBytes) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = headerBytes + index * entryBytes;
    return {
      producerId: bytes.readBigInt64BE(at),
      producerEpoch: bytes.readInt16BE(at + 8),
      lastSequence: bytes.readInt32BE(at + 10),
      lastOffset: bytes.readBigInt64BE(at + 14),
      offsetDelta: bytes.readInt32BE(at + 22),
      timestamp: bytes.readBigInt64BE(at + 26),
      coordinatorEpoch: bytes.readInt32BE(at + 34),
      currentTxnFirstOffset: bytes.readBigInt64BE(at + 38),
    };
  });
}
