import type { LogRecord } from '#protocol';

/** A record as a test wants to see it. */
export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since 1970; -1 when the producer gave none. */
  readonly timestamp: number;
  /** As text; see {@link keyBytes} for what is none. */
  readonly key: string | null;
  /** As text; see {@link valueBytes} for what is none. null is a tombstone. */
  readonly value: string | null;
  /** As text. Of headers with one name the last counts; {@link headerList} has them all. */
  readonly headers: Readonly<Record<string, string | null>>;
  readonly keyBytes: Buffer | null;
  readonly valueBytes: Buffer | null;
  readonly headerList: readonly { readonly key: string; readonly value: Buffer | null }[];
}

/** What {@link KafkaCluster.produce} takes: text alone is a value without a key. */
export type ProduceRecord =
  | string
  | {
      readonly value: string | Uint8Array | null;
      readonly key?: string | Uint8Array | null;
      readonly headers?: Readonly<Record<string, string | Uint8Array | null>>;
      /** Default: by the key, as Kafka's producers choose; without one, all in turn. */
      readonly partition?: number;
      /** Default: the time of the cluster. */
      readonly timestamp?: number | Date;
    };

/** Bytes show as themselves and do not crowd what a failed comparison prints. */
export function readRecord(topic: string, partition: number, record: LogRecord): ReadRecord {
  const { key, value, headers } = record;
  const read = {
    topic,
    partition,
    offset: record.offset,
    timestamp: Number(record.timestamp),
    key: textOf(key),
    value: textOf(value),
    headers: Object.fromEntries(headers.map((header) => [header.key, textOf(header.value)])),
  };
  return Object.defineProperties(read, {
    keyBytes: { value: key },
    valueBytes: { value },
    headerList: { value: headers },
  }) as ReadRecord;
}

function textOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString();
}
