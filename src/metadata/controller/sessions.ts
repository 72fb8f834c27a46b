interface Session {
  brokerEpoch: bigint;
  /** Monotonic time up to which the broker counts as alive. */
  expiresAt: number;
  metadataOffset: bigint;
  joining: boolean;
}

/**
 * When each broker was last heard of, and how far it has followed the metadata. Known to the active controller only and kept nowhere:
 * who takes over gives everybody a full session first.
 */
export class BrokerSessions {
  readonly #timeoutMs: number;
  readonly #byBroker = new Map<number, Session>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Begins the session of an incarnation, from which nothing is known yet. */
  begin(brokerId: number, brokerEpoch: bigint, now: number): void {
    this.#byBroker.set(brokerId, { brokerEpoch, expiresAt: now + this.#timeoutMs, metadataOffset: -1n, joining: false });
  }

  /** A heartbeat. @param joining it is fenced, and comes close enough to be let in: those who change topics wait for it already */
  touch(brokerId: number, brokerEpoch: bigint, metadataOffset: bigint, joining: boolean, now: number): void {
    this.#byBroker.set(brokerId, { brokerEpoch, expiresAt: now + this.#timeoutMs, metadataOffset, joining });
  }

  end(brokerId: number): void {
    this.#byBroker.delete(brokerId);
  }

  isLive(brokerId: number, brokerEpoch: bigint, now: number): boolean {
    const session = this.#byBroker.get(brokerId);
    return session?.brokerEpoch === brokerEpoch && session.expiresAt > now;
  }

  isJoining(brokerId: number, brokerEpoch: bigint, now: number): boolean {
    return this.isLive(brokerId, brokerEpoch, now) && this.#byBroker.get(brokerId)!.joining;
  }

  /** How far this incarnation has followed the metadata; -1 where it has not said. */
  metadataOffset(brokerId: number, brokerEpoch: bigint): bigint {
    const session = this.#byBroker.get(brokerId);
    return session?.brokerEpoch === brokerEpoch ? session.metadataOffset : -1n;
  }

  /** The monotonic time at which the broker's session ends; undefined where it has none. */
  expiryOf(brokerId: number): number | undefined {
    return this.#byBroker.get(brokerId)?.expiresAt;
  }

  /** Gives everybody a full session again: this process stood still, and the brokers cannot be blamed for it. */
  restart(now: number): void {
    for (const session of this.#byBroker.values()) session.expiresAt = now + this.#timeoutMs;
  }
}
