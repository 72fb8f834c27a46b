import { type DecodedOf, defineMessage, type InputOf, uuid } from '../schema/index.ts';

/** Removes a topic and its partitions. */
export const removeTopicRecord = defineMessage({
  name: 'RemoveTopicRecord',
  apiKey: 9,
  versions: '0',
  flexible: '0+',
  fields: { topicId: uuid() },
});

export type RemoveTopicRecord = DecodedOf<typeof removeTopicRecord>;
export type RemoveTopicRecordInput = InputOf<typeof removeTopicRecord>;
