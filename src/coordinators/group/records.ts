import { decodeMessageAt, encodeMessage, type Message, ProtocolError, zeroUuid } from '#protocol';
import { groupMetadataKey } from '#protocol/stored/group-metadata-key.ts';
import { type GroupMetadataValueInput, groupMetadataValue } from '#protocol/stored/group-metadata-value.ts';
import { offsetCommitKey } from '#protocol/stored/offset-commit-key.ts';
import { type OffsetCommitValueInput, offsetCommitValue } from '#protocol/stored/offset-commit-value.ts';
import type { RecordCodec } from '../runtime/index.ts';

/** What a group has committed for a partition; without a value it is forgotten. */
export interface OffsetRecord {
  readonly kind: 'offset';
  readonly key: { readonly group: string; readonly topic: string; readonly partition: number };
  readonly value: OffsetCommitValueInput | null;
}

/** A classic group in one generation; without a value it is gone. */
export interface ClassicGroupRecord {
  readonly kind: 'classic-group';
  readonly key: { readonly group: string };
  readonly value: GroupMetadataValueInput | null;
}

/** What `__consumer_offsets` holds, in Kafka's formats. */
export type GroupRecord = OffsetRecord | ClassicGroupRecord;

interface Format {
  /** The versions of the key that mean this kind; the last one is written. */
  readonly keyVersions: readonly number[];
  readonly key: Message;
  readonly value: Message;
  /** In which version the value is written. */
  versionOf(value: never): number;
}

const formats: Readonly<Record<GroupRecord['kind'], Format>> = {
  offset: { keyVersions: [0, 1], key: offsetCommitKey, value: offsetCommitValue, versionOf: offsetVersion },
  'classic-group': { keyVersions: [2], key: groupMetadataKey, value: groupMetadataValue, versionOf: () => 3 },
};

const kindOfKey = new Map(
  Object.entries(formats).flatMap(([kind, { keyVersions }]) => keyVersions.map((version) => [version, kind as GroupRecord['kind']])),
);

/** Keys and values begin with an int16: in keys it tells the kind, in values the version. */
export const groupRecordCodec: RecordCodec<GroupRecord> = {
  encode({ kind, key, value }) {
    const { keyVersions, versionOf, ...messages } = formats[kind];
    const written = { key: versioned(keyVersions.at(-1)!, encodeMessage(messages.key, 0, key)) };
    if (value === null) return { ...written, value };
    const version = versionOf(value as never);
    return { ...written, value: versioned(version, encodeMessage(messages.value, version, value)) };
  },

  decode(key, value) {
    const kind = key.length < 2 ? undefined : kindOfKey.get(key.readInt16BE(0));
    if (kind === undefined) return undefined;
    const { key: keyMessage, value: valueMessage } = formats[kind];
    if (value !== null && value.length < 2) throw new ProtocolError(`the value of a record of kind ${kind} has no version`);
    return {
      kind,
      key: decodeMessageAt(keyMessage, 0, key, 2).value,
      value: value === null ? null : decodeMessageAt(valueMessage, value.readInt16BE(0), value, 2).value,
    } as GroupRecord;
  },
};

/** Each version can say one thing that others cannot: 1 when an offset expires, 3 its leader epoch, 4 the id of its topic beside that. */
function offsetVersion(value: OffsetCommitValueInput): number {
  if ((value.expireTimestamp ?? -1n) !== -1n) return 1;
  return (value.topicId ?? zeroUuid) === zeroUuid ? 3 : 4;
}

function versioned(version: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(2 + body.length);
  bytes.writeInt16BE(version, 0);
  body.copy(bytes, 2);
  return bytes;
}
