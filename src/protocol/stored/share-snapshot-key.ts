import { type DecodedOf, defineMessage, type InputOf, int32, string, uuid } from '../schema/index.ts';

/** Names a share partition: its whole state. */
export const shareSnapshotKey = defineMessage({
  name: 'ShareSnapshotKey',
  apiKey: 0,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), topicId: uuid(), partition: int32() },
});

export type ShareSnapshotKey = DecodedOf<typeof shareSnapshotKey>;
export type ShareSnapshotKeyInput = InputOf<typeof shareSnapshotKey>;
