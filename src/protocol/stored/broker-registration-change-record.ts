import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, int64, uuid } from '../schema/index.ts';

/** A change of a registered broker: fenced or not, in controlled shutdown, its data directories. */
export const brokerRegistrationChangeRecord = defineMessage({
  name: 'BrokerRegistrationChangeRecord',
  apiKey: 17,
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    /** -1 lifts the fence, 1 sets it, 0 leaves it. */
    fenced: int8({ tag: 0 }),
    /** 1 starts it, 0 leaves it. */
    inControlledShutdown: int8({ versions: '1+', tag: 1 }),
    /** Empty: as before. */
    logDirs: array(uuid(), { versions: '2+', tag: 2 }),
    cordonedLogDirs: array(uuid(), { versions: '3+', nullable: '3+', tag: 3, default: null }),
  },
});

export type BrokerRegistrationChangeRecord = DecodedOf<typeof brokerRegistrationChangeRecord>;
export type BrokerRegistrationChangeRecordInput = InputOf<typeof brokerRegistrationChangeRecord>;
