import { array, bool, type DecodedOf, defineMessage, float64, type InputOf, string } from '../schema/index.ts';

/** One quota of an entity, set or removed. */
export const clientQuotaRecord = defineMessage({
  name: 'ClientQuotaRecord',
  apiKey: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    entity: array({ entityType: string(), entityName: string({ nullable: '0+' }) }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
});

export type ClientQuotaRecord = DecodedOf<typeof clientQuotaRecord>;
export type ClientQuotaRecordInput = InputOf<typeof clientQuotaRecord>;
