import type { Address, SimulatedWorld } from '#platform';

/** Requests that say of themselves whether they are late (an epoch, a sequence) and so have to be harmless when they come again. */
const repeatable = new Set([1, 52, 53, 54, 56, 59, 63, 67]);
const produceKey = 0;
/** Hosts that produce with sequence numbers; for all others a second append is a second record, as it would be in Kafka. */
const idempotentHost = /^idempotent-/;
const kept = 200;
const host = 'replayer';

/** The last requests that went to brokers, byte for byte, to be sent once more on connections of their own, as a strange network may. */
export class RecordedRequests {
  readonly #world: SimulatedWorld;
  readonly #requests: { to: Address; bytes: Buffer }[] = [];
  #next = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    world.node(host);
    world.network.intercept = (from, to, bytes) => {
      if (isRepeatable(from.host, bytes)) this.#requests[this.#next++ % kept] = { to, bytes };
    };
  }

  /** Those that were sent last, the newest first. */
  take(count: number): { to: Address; bytes: Buffer }[] {
    const newest = Math.min(count, this.#requests.length);
    return Array.from({ length: newest }, (_, index) => this.#requests[(this.#next - 1 - index + 2 * kept) % kept]!);
  }

  /** Sends one again. What is answered is not listened to. */
  send({ to, bytes }: { to: Address; bytes: Buffer }): void {
    const connection = this.#world.node(host).platform.network.connect(to);
    connection.onData(() => connection.destroy());
    connection.onClose(() => {});
    connection.write([bytes]);
    this.#world.after(5000, () => connection.destroy());
  }
}

/** Whether the bytes are one whole request of a repeatable kind. */
function isRepeatable(from: string, bytes: Buffer): boolean {
  if (bytes.length < 12 || bytes.readInt32BE(0) !== bytes.length - 4) return false;
  const key = bytes.readInt16BE(4);
  return key === produceKey ? idempotentHost.test(from) : repeatable.has(key);
}
