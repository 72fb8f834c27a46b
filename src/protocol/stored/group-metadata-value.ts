import { array, bytes, type DecodedOf, defineMessage, type InputOf, int32, int64, string } from '../schema/index.ts';

const memberMetadata = {
  memberId: string(),
  groupInstanceId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ versions: '1+', default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
};

/** A classic group: its generation, protocol, leader and members. */
export const groupMetadataValue = defineMessage({
  name: 'GroupMetadataValue',
  apiKey: 2,
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1n, ignorable: true }),
    members: array(memberMetadata),
  },
});

export type GroupMetadataValue = DecodedOf<typeof groupMetadataValue>;
export type GroupMetadataValueInput = InputOf<typeof groupMetadataValue>;
