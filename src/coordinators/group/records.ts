import { decodeMessageAt, encodeMessage, type Message, ProtocolError, zeroUuid } from '#protocol';
import { consumerGroupCurrentMemberAssignmentKey } from '#protocol/stored/consumer-group-current-member-assignment-key.ts';
import {
  type ConsumerGroupCurrentMemberAssignmentValueInput,
  consumerGroupCurrentMemberAssignmentValue,
} from '#protocol/stored/consumer-group-current-member-assignment-value.ts';
import { consumerGroupMemberMetadataKey } from '#protocol/stored/consumer-group-member-metadata-key.ts';
import {
  type ConsumerGroupMemberMetadataValueInput,
  consumerGroupMemberMetadataValue,
} from '#protocol/stored/consumer-group-member-metadata-value.ts';
import { consumerGroupMetadataKey } from '#protocol/stored/consumer-group-metadata-key.ts';
import { type ConsumerGroupMetadataValueInput, consumerGroupMetadataValue } from '#protocol/stored/consumer-group-metadata-value.ts';
import { consumerGroupRegularExpressionKey } from '#protocol/stored/consumer-group-regular-expression-key.ts';
import {
  type ConsumerGroupRegularExpressionValueInput,
  consumerGroupRegularExpressionValue,
} from '#protocol/stored/consumer-group-regular-expression-value.ts';
import { consumerGroupTargetAssignmentMemberKey } from '#protocol/stored/consumer-group-target-assignment-member-key.ts';
import {
  type ConsumerGroupTargetAssignmentMemberValueInput,
  consumerGroupTargetAssignmentMemberValue,
} from '#protocol/stored/consumer-group-target-assignment-member-value.ts';
import { consumerGroupTargetAssignmentMetadataKey } from '#protocol/stored/consumer-group-target-assignment-metadata-key.ts';
import {
  type ConsumerGroupTargetAssignmentMetadataValueInput,
  consumerGroupTargetAssignmentMetadataValue,
} from '#protocol/stored/consumer-group-target-assignment-metadata-value.ts';
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

interface OfGroup<Kind extends string, Value> {
  readonly kind: Kind;
  readonly key: { readonly groupId: string };
  readonly value: Value | null;
}

interface OfMember<Kind extends string, Value> {
  readonly kind: Kind;
  readonly key: { readonly groupId: string; readonly memberId: string };
  readonly value: Value | null;
}

/** A change of a consumer group (KIP-848); without a value that part of it is gone. */
export type ConsumerGroupRecord =
  | OfGroup<'consumer-group', ConsumerGroupMetadataValueInput>
  | OfMember<'member', ConsumerGroupMemberMetadataValueInput>
  | OfGroup<'target', ConsumerGroupTargetAssignmentMetadataValueInput>
  | OfMember<'target-member', ConsumerGroupTargetAssignmentMemberValueInput>
  | OfMember<'current-member', ConsumerGroupCurrentMemberAssignmentValueInput>
  | {
      readonly kind: 'regex';
      readonly key: { readonly groupId: string; readonly regularExpression: string };
      readonly value: ConsumerGroupRegularExpressionValueInput | null;
    };

/** What `__consumer_offsets` holds, in Kafka's formats. */
export type GroupRecord = OffsetRecord | ClassicGroupRecord | ConsumerGroupRecord;

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
  'consumer-group': { keyVersions: [3], key: consumerGroupMetadataKey, value: consumerGroupMetadataValue, versionOf: () => 0 },
  member: { keyVersions: [5], key: consumerGroupMemberMetadataKey, value: consumerGroupMemberMetadataValue, versionOf: () => 0 },
  target: {
    keyVersions: [6],
    key: consumerGroupTargetAssignmentMetadataKey,
    value: consumerGroupTargetAssignmentMetadataValue,
    versionOf: () => 0,
  },
  'target-member': {
    keyVersions: [7],
    key: consumerGroupTargetAssignmentMemberKey,
    value: consumerGroupTargetAssignmentMemberValue,
    versionOf: () => 0,
  },
  'current-member': {
    keyVersions: [8],
    key: consumerGroupCurrentMemberAssignmentKey,
    value: consumerGroupCurrentMemberAssignmentValue,
    versionOf: () => 0,
  },
  regex: { keyVersions: [16], key: consumerGroupRegularExpressionKey, value: consumerGroupRegularExpressionValue, versionOf: () => 0 },
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
