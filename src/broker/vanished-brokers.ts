import type { MetadataImage } from '#metadata';
import type { Address, Clock, Logger, Network } from '#platform';

/** Whether somebody listens at an address is known at once, or not at all. */
const lookTimeoutMs = 1000;
/** A process that is being killed loses its connections one after the other, and for moments one may still be taken at its address. */
const lookAgainMs = [50, 200, 800];

export interface VanishedBrokersOptions {
  readonly nodeId: number;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly image: () => MetadataImage;
  readonly addressOf: (brokerId: number) => Address | undefined;
  readonly controller: { readonly isActive: boolean; brokerVanished(brokerId: number, brokerEpoch: bigint): void };
}

/** Over which a broker speaks to the controller. */
interface Connection {
  onClose(callback: () => void): void;
}

/**
 * For the active controller: a broker whose process is gone need not be silent for a whole session before others lead what it led. When the
 * connection of its heartbeats ends, somebody has a look whether anybody listens at its address. A connection that is refused says
 * for certain that nobody does; anything else (no answer, say) says nothing, and the session decides.
 */
export class VanishedBrokers {
  readonly #options: VanishedBrokersOptions;
  /** Who was last heard of over each connection. */
  readonly #heardOver = new WeakMap<Connection, { brokerId: number; brokerEpoch: bigint }>();

  constructor(options: VanishedBrokersOptions) {
    this.#options = options;
  }

  heardOf(broker: { brokerId: number; brokerEpoch: bigint }, connection: Connection | undefined): void {
    if (connection === undefined || broker.brokerId === this.#options.nodeId) return;
    const isNew = !this.#heardOver.has(connection);
    this.#heardOver.set(connection, broker);
    if (!isNew) return;
    connection.onClose(() => {
      const last = this.#heardOver.get(connection)!;
      this.#look(last.brokerId, last.brokerEpoch);
    });
  }

  /** This broker is the controller from now on, perhaps because the last one died, and perhaps not alone. */
  lookAtAll(): void {
    for (const { id, epoch, fenced } of this.#options.image().brokers.all()) {
      if (!fenced && id !== this.#options.nodeId) this.#look(id, epoch);
    }
  }

  #look(brokerId: number, brokerEpoch: bigint, looks = 0): void {
    const { clock, controller, network, log, addressOf } = this.#options;
    const address = addressOf(brokerId);
    if (address === undefined || !this.#isToBeFenced(brokerId, brokerEpoch)) return;
    const connection = network.connect(address, { timeoutMs: lookTimeoutMs });
    connection.onConnect(() => connection.destroy());
    connection.onClose((error) => {
      if (!this.#isToBeFenced(brokerId, brokerEpoch)) return;
      if (error?.code === 'ECONNREFUSED') {
        log.warn({ brokerId, address: `${address.host}:${address.port}` }, 'nobody listens at the address of a broker any more');
        controller.brokerVanished(brokerId, brokerEpoch);
        return;
      }
      const delayMs = lookAgainMs[looks];
      // A connection that is taken and then broken off is the last that a dying process takes.
      if (error?.code !== 'ETIMEDOUT' && delayMs !== undefined) clock.after(delayMs, () => this.#look(brokerId, brokerEpoch, looks + 1));
    });
  }

  /** This broker decides, and the other is still in service as this incarnation. */
  #isToBeFenced(brokerId: number, brokerEpoch: bigint): boolean {
    if (!this.#options.controller.isActive) return false;
    const broker = this.#options.image().brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && broker.epoch === brokerEpoch;
  }
}
