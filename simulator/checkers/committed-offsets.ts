/** Up to where each partition has been committed, ever, as its leaders have said: the oracle of those who judge readers and elections. */
export class CommittedOffsets {
  readonly #ends = new Map<string, Map<number, bigint>>();
  /** Lets whoever watches the leaders look once more. */
  lookAgain: () => void = () => {};

  /** Whether an offset has been committed by now. */
  covers(topicId: string, partition: number, offset: bigint): boolean {
    if (offset < this.of(topicId, partition)) return true;
    this.lookAgain();
    return offset < this.of(topicId, partition);
  }

  of(topicId: string, partition: number): bigint {
    return this.#ends.get(topicId)?.get(partition) ?? 0n;
  }

  /** A leader shows this high watermark. Says whether it is news. */
  raise(topicId: string, partition: number, highWatermark: bigint): boolean {
    let ends = this.#ends.get(topicId);
    if (ends === undefined) this.#ends.set(topicId, (ends = new Map()));
    if (highWatermark <= (ends.get(partition) ?? -1n)) return false;
    ends.set(partition, highWatermark);
    return true;
  }
}
