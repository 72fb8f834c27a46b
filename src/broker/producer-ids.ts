import assert from 'node:assert/strict';
import { KafkaError } from '#protocol';

export interface ProducerIdBlock {
  readonly first: bigint;
  readonly length: number;
}

/**
 * Gives out producer ids from blocks that the controller has set aside for this broker. An id is never given twice, not
 * after any crash either: a block that a broker did not use up is simply lost (I5).
 */
export class ProducerIds {
  readonly #allocate: () => Promise<ProducerIdBlock>;
  #next = 0n;
  #end = 0n;
  #refill: Promise<void> | undefined;

  constructor(allocate: () => Promise<ProducerIdBlock>) {
    this.#allocate = allocate;
  }

  /** @throws KafkaError COORDINATOR_LOAD_IN_PROGRESS (retriable) while no controller hands out a block */
  async next(): Promise<bigint> {
    while (this.#next >= this.#end) {
      this.#refill ??= this.#fetchBlock().finally(() => {
        this.#refill = undefined;
      });
      await this.#refill;
    }
    return this.#next++;
  }

  async #fetchBlock(): Promise<void> {
    let block: ProducerIdBlock;
    try {
      block = await this.#allocate();
    } catch (error) {
      throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'no block of producer ids could be had from the controller yet', {
        cause: error,
      });
    }
    assert(block.length > 0 && block.first >= this.#end, `the controller gave the producer ids from ${block.first} a second time`);
    this.#next = block.first;
    this.#end = block.first + BigInt(block.length);
  }
}
