import {
  defineApi,
  errorCode,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** Heartbeat: Is this member still in its classic group, and does the group stand still? */
export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: '0-4',
  flexible: '4+',
  listeners: ['broker'],
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    /** The name of a static member (KIP-345). */
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
  },
  response: { throttleTimeMs: int32({ versions: '1+', ignorable: true }), errorCode: errorCode() },
});

export type HeartbeatRequest = RequestOf<typeof heartbeat>;
export type HeartbeatRequestInput = RequestInput<typeof heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof heartbeat>;
export type HeartbeatResponseInput = ResponseInput<typeof heartbeat>;
