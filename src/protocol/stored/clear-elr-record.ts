import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Empties the eligible leader replicas of a topic, or of all topics. */
export const clearElrRecord = defineMessage({
  name: 'ClearElrRecord',
  apiKey: 28,
  versions: '0',
  flexible: '0+',
  fields: { topicName: string() },
});

export type ClearElrRecord = DecodedOf<typeof clearElrRecord>;
export type ClearElrRecordInput = InputOf<typeof clearElrRecord>;
