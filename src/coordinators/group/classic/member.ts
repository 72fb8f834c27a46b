import type { Ticket } from '../../runtime/index.ts';

/** A way of sharing out partitions that a member offers, and what it tells the others under it. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** A member of a classic group. What it says and gets is opaque here. */
export interface ClassicMember {
  readonly memberId: string;
  /** The name of a static member (KIP-345), which keeps its place while it is away. */
  readonly groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In the order of its preference. */
  protocols: readonly MemberProtocol[];
  assignment: Buffer;
  /** Its JoinGroup, or SyncGroup, that waits for the others. */
  joinTicket: Ticket | undefined;
  syncTicket: Ticket | undefined;
  /** It has never been in a generation. */
  isNew: boolean;
}

export function metadataOf(member: ClassicMember, protocolName: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? Buffer.alloc(0);
}

/** Does it offer the same as before, byte by byte and in the same order? */
export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return a.length === b.length && a.every(({ name, metadata }, index) => name === b[index]!.name && metadata.equals(b[index]!.metadata));
}
