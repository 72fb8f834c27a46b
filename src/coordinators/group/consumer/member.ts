import type { MemberProtocol } from '../classic/member.ts';
import type { Assignment } from './assignment.ts';

/**
 * How far a member has come with its part of the target: `stable` has it; `unrevoked` has to give something up first; `unreleased` waits for others
 * to do so. Kafka's numbers stand in the log.
 */
export const memberStateCodes = { stable: 0, unrevoked: 1, unreleased: 2 } as const;
export type MemberState = keyof typeof memberStateCodes;

/** The epoch of a static member that is away for a while. */
export const awayEpoch = -2;

/** What a member that speaks the classic protocol has said. */
export interface ClassicSide {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

/** A member of a consumer group. A change makes another one. */
export interface ConsumerMember {
  readonly memberId: string;
  /** The group epoch whose target it has, or is on the way to. */
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string | null;
  readonly serverAssignor: string | null;
  readonly assigned: Assignment;
  readonly pendingRevocation: Assignment;
  /** Undefined for one that speaks the new protocol. */
  readonly classic: ClassicSide | undefined;
}

/** What its member record says of it. */
export function samePromises(a: ConsumerMember, b: ConsumerMember): boolean {
  return promisesOf(a) === promisesOf(b);
}

/** Does it want to read the same topics? */
export function sameSubscription(a: ConsumerMember, b: ConsumerMember): boolean {
  const wanted = ({ subscribedTopicNames, subscribedTopicRegex }: ConsumerMember) =>
    JSON.stringify([[...subscribedTopicNames].sort(), subscribedTopicRegex ?? '']);
  return wanted(a) === wanted(b);
}

function promisesOf(member: ConsumerMember): string {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, subscribedTopicNames, subscribedTopicRegex, serverAssignor } =
    member;
  const classic = member.classic && {
    sessionTimeoutMs: member.classic.sessionTimeoutMs,
    protocols: member.classic.protocols.map(({ name, metadata }) => [name, metadata.toString('base64')]),
  };
  return JSON.stringify([
    instanceId,
    rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    [...subscribedTopicNames].sort(),
    subscribedTopicRegex ?? '',
    serverAssignor,
    classic,
  ]);
}
