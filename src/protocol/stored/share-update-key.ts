import { type DecodedOf, defineMessage, type InputOf, int32, string, uuid } from '../schema/index.ts';

/** Names a share partition: a change of its state. */
export const shareUpdateKey = defineMessage({
  name: 'ShareUpdateKey',
  apiKey: 1,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), topicId: uuid(), partition: int32() },
});

export type ShareUpdateKey = DecodedOf<typeof shareUpdateKey>;
export type ShareUpdateKeyInput = InputOf<typeof shareUpdateKey>;
