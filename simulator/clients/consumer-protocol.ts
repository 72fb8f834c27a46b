import { decodeMessageAt, encodeMessage } from '#protocol';
import { consumerProtocolAssignment } from '#protocol/stored/consumer-protocol-assignment.ts';
import { type ConsumerProtocolSubscriptionInput, consumerProtocolSubscription } from '#protocol/stored/consumer-protocol-subscription.ts';

/** Partitions of a topic. */
export interface ByTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
}

const version = 3;

export function encodeSubscription(subscription: ConsumerProtocolSubscriptionInput): Buffer {
  return withVersion(encodeMessage(consumerProtocolSubscription, version, subscription));
}

export function decodeSubscription(bytes: Buffer) {
  return decodeMessageAt(consumerProtocolSubscription, bytes.readInt16BE(0), bytes, 2).value;
}

export function encodeAssignment(assigned: readonly ByTopic[]): Buffer {
  const assignedPartitions = assigned.map(({ topic, partitions }) => ({ topic, partitions: [...partitions] }));
  return withVersion(encodeMessage(consumerProtocolAssignment, version, { assignedPartitions }));
}

/** Nothing where the coordinator has nothing for the member. */
export function decodeAssignment(bytes: Buffer): readonly ByTopic[] {
  return bytes.length < 2 ? [] : decodeMessageAt(consumerProtocolAssignment, bytes.readInt16BE(0), bytes, 2).value.assignedPartitions;
}

function withVersion(bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeInt16BE(version);
  return Buffer.concat([prefix, bytes]);
}
