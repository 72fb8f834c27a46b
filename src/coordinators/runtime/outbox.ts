import type { KafkaError } from '#protocol';

/** What leaves when all up to an offset is committed. */
export interface Parcel<Effect> {
  /** The last offset that has to be committed. */
  readonly offset: bigint;
  /** Monotonic time after which those who wait are told that it takes too long. */
  readonly deadline: number;
  readonly effects: readonly Effect[];
  send(): void;
  fail(error: KafkaError): void;
}

interface Waiting<Effect> extends Parcel<Effect> {
  isLate: boolean;
}

/**
 * Responses and effects in the order of the decisions they come from, held back until the log is committed as far as they know it. Who waits
 * too long gets an error, as the outcome is unknown then; effects wait on, for they follow from records that may yet be committed.
 */
export class Outbox<Effect> {
  readonly #carryOut: (effects: readonly Effect[]) => void;
  #waiting: Waiting<Effect>[] = [];

  constructor(carryOut: (effects: readonly Effect[]) => void) {
    this.#carryOut = carryOut;
  }

  get nextDeadline(): number | undefined {
    return this.#waiting.find(({ isLate }) => !isLate)?.deadline;
  }

  add(parcel: Parcel<Effect>, highWatermark: bigint): void {
    if (this.#waiting.length === 0 && parcel.offset < highWatermark) this.#dispatch(parcel, false);
    else {
      const { offset, deadline, effects } = parcel;
      this.#waiting.push({ offset, deadline, effects, send: () => parcel.send(), fail: (error) => parcel.fail(error), isLate: false });
    }
  }

  release(highWatermark: bigint): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.offset < highWatermark) {
      const parcel = this.#waiting.shift()!;
      this.#dispatch(parcel, parcel.isLate);
    }
  }

  expire(now: number, error: KafkaError): void {
    for (const parcel of this.#waiting) {
      if (parcel.deadline > now) break;
      if (parcel.isLate) continue;
      parcel.isLate = true;
      parcel.fail(error);
    }
    // Late ones without effects have nothing left to wait for.
    this.#waiting = this.#waiting.filter(({ isLate, effects }) => !isLate || effects.length > 0);
  }

  fail(error: KafkaError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const parcel of waiting) if (!parcel.isLate) parcel.fail(error);
  }

  #dispatch(parcel: Parcel<Effect>, isLate: boolean): void {
    if (!isLate) parcel.send();
    if (parcel.effects.length > 0) this.#carryOut(parcel.effects);
  }
}
