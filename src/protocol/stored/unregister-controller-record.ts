import { type DecodedOf, defineMessage, type InputOf, int32 } from '../schema/index.ts';

/** Removes the registration of a controller. */
export const unregisterControllerRecord = defineMessage({
  name: 'UnregisterControllerRecord',
  apiKey: 29,
  versions: '0',
  flexible: '0+',
  fields: { controllerId: int32() },
});

export type UnregisterControllerRecord = DecodedOf<typeof unregisterControllerRecord>;
export type UnregisterControllerRecordInput = InputOf<typeof unregisterControllerRecord>;
