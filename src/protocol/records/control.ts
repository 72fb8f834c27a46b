import { KafkaError } from '../errors.ts';
import { buildRecordBatch, type RecordBatchInput } from './build.ts';

/** What a control record says. Its number and its version are the record's key. */
const controlRecordTypes = [
  'ABORT',
  'COMMIT',
  'LEADER_CHANGE',
  'SNAPSHOT_HEADER',
  'SNAPSHOT_FOOTER',
  'KRAFT_VERSION',
  'KRAFT_VOTERS',
] as const;

/** ABORT and COMMIT end transactions, LEADER_CHANGE begins a Raft epoch, the others belong to Raft snapshots and voter sets. */
export type ControlRecordType = (typeof controlRecordTypes)[number];

/**
 * What the key of a control record says. Undefined for a type that Kafka 4.4 does not know: such a record is to be skipped.
 * @throws KafkaError INVALID_RECORD when the key is too short
 */
export function controlRecordType(key: Buffer | null): ControlRecordType | undefined {
  if (key === null || key.length < 4) throw new KafkaError('INVALID_RECORD', 'the key of a control record has a version and a type');
  return controlRecordTypes[key.readInt16BE(2)];
}

/** The key of a control record: version 0, then the type. */
export function controlRecordKey(type: ControlRecordType): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(controlRecordTypes.indexOf(type), 2);
  return key;
}

/** A control record to be written. */
export interface ControlRecordInput {
  readonly type: ControlRecordType;
  /** Body as its message's encoder makes it, with the message's version before it. */
  readonly value: Uint8Array;
}

/** What is to become one batch of control records. */
export type ControlBatchInput = Omit<RecordBatchInput, 'records' | 'isControl' | 'compression'> & {
  readonly records: readonly ControlRecordInput[];
};

/** Makes a control batch, never compressed. All records have the batch's `timestamp`. */
export function buildControlBatch(input: ControlBatchInput): Buffer {
  const records = input.records.map(({ type, value }) => ({ key: controlRecordKey(type), value }));
  return buildRecordBatch({ ...input, records, isControl: true });
}

/** Who ends a transaction on a partition, and how. */
export interface EndTransactionMarker {
  readonly type: 'ABORT' | 'COMMIT';
  /** Counts the changes of transaction coordinator; a marker of an older coordinator is refused. */
  readonly coordinatorEpoch: number;
}

/** Makes the batch that ends the transaction of a producer on a partition. */
export function buildEndTransactionMarker(
  marker: EndTransactionMarker & {
    readonly producerId: bigint;
    readonly producerEpoch: number;
    readonly timestamp: bigint | number;
  } & Pick<RecordBatchInput, 'baseOffset' | 'leaderEpoch'>,
): Buffer {
  const { type, coordinatorEpoch, ...batch } = marker;
  const value = Buffer.alloc(6); // version 0, coordinator epoch
  value.writeInt32BE(coordinatorEpoch, 2);
  return buildControlBatch({ ...batch, isTransactional: true, records: [{ type, value }] });
}

/**
 * Reads the control record of a transaction's end; undefined when it is another control record.
 * @throws KafkaError INVALID_RECORD when it is too short
 */
export function readEndTransactionMarker(record: {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}): EndTransactionMarker | undefined {
  const type = controlRecordType(record.key);
  if (type !== 'ABORT' && type !== 'COMMIT') return undefined;
  if (record.value === null || record.value.length < 6) {
    throw new KafkaError('INVALID_RECORD', 'the value of an end transaction marker has a version and a coordinator epoch');
  }
  return { type, coordinatorEpoch: record.value.readInt32BE(2) };
}
