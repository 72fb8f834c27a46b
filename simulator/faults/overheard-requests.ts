import type { Address, SimulatedWorld } from '#platform';
import { port } from '../simulated-cluster.ts';

/** A request as it leaves. */
export interface Overheard {
  readonly from: Address;
  readonly to: Address;
  readonly apiKey: number;
  readonly bytes: Buffer;
}

/** All requests to brokers that travel alone, byte for byte, in the moment in which they are sent. To be made before the first connection is. */
export class OverheardRequests {
  readonly #listeners = new Set<(request: Overheard) => void>();

  constructor(world: SimulatedWorld) {
    world.network.intercept = (from, to, bytes) => {
      if (to.port !== port || bytes.length < 12 || bytes.readInt32BE(0) !== bytes.length - 4) return;
      const request = { from, to, apiKey: bytes.readInt16BE(4), bytes };
      for (const listener of [...this.#listeners]) listener(request);
    };
  }

  /** Returns how to stop that. */
  listen(listener: (request: Overheard) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
