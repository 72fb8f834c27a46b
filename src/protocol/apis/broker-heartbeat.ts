import {
  array,
  bool,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  uuid,
} from '../schema/index.ts';

/** BrokerHeartbeat: A broker tells the controller that it lives, and learns whether it is fenced or may stop. */
export const brokerHeartbeat = defineApi({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1n }),
    /** How far the broker has applied the metadata log. */
    currentMetadataOffset: int64(),
    /** The broker asks to be fenced. */
    wantFence: bool(),
    /** The broker asks to give up its leaderships and stop. */
    wantShutDown: bool(),
    offlineLogDirs: array(uuid(), { versions: '1+', tag: 0 }),
    cordonedLogDirs: array(uuid(), { versions: '2+', nullable: '2+', tag: 1, default: null }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    /** The broker has come close enough to the end of the metadata log to be unfenced. */
    isCaughtUp: bool({ default: false }),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
});

export type BrokerHeartbeatRequest = RequestOf<typeof brokerHeartbeat>;
export type BrokerHeartbeatRequestInput = RequestInput<typeof brokerHeartbeat>;
export type BrokerHeartbeatResponse = ResponseOf<typeof brokerHeartbeat>;
export type BrokerHeartbeatResponseInput = ResponseInput<typeof brokerHeartbeat>;
