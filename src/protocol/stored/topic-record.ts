import { type DecodedOf, defineMessage, type InputOf, string, uuid } from '../schema/index.ts';

/** A topic: its name and id. */
export const topicRecord = defineMessage({
  name: 'TopicRecord',
  apiKey: 2,
  versions: '0',
  flexible: '0+',
  fields: { name: string(), topicId: uuid() },
});

export type TopicRecord = DecodedOf<typeof topicRecord>;
export type TopicRecordInput = InputOf<typeof topicRecord>;
