import { type DecodedOf, defineMessage, type InputOf, int16, string } from '../schema/index.ts';

/** The level that a feature of the cluster has; 0 takes it away. */
export const featureLevelRecord = defineMessage({
  name: 'FeatureLevelRecord',
  apiKey: 12,
  versions: '0',
  flexible: '0+',
  fields: { name: string(), featureLevel: int16() },
});

export type FeatureLevelRecord = DecodedOf<typeof featureLevelRecord>;
export type FeatureLevelRecordInput = InputOf<typeof featureLevelRecord>;
