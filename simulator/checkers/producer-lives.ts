import { Violation } from '../violation.ts';
import type { HistoryClock } from './history-clock.ts';

/** One life of the program that writes under a transactional id: from its InitProducerId to the next one's. */
export interface Life {
  readonly transactionalId: string;
  readonly name: string;
  /** Undefined until it has been told. */
  producer: { readonly producerId: bigint; readonly producerEpoch: number } | undefined;
  startedAt: number;
  /** When it was certain that it had been replaced. */
  fencedAt: number | undefined;
}

/**
 * Who writes under which transactional id, and who has been fenced: whoever was answered before another asked to start, and whoever has a lower epoch than one that has
 * started (T4).
 */
export class ProducerLives {
  readonly #lives = new Map<string, Life[]>();
  /** Producer ids and epochs that were given to somebody who starts. */
  readonly #given = new Set<string>();
  readonly #clock: HistoryClock;

  constructor(clock: HistoryClock) {
    this.#clock = clock;
  }

  /** All producer ids and epochs that were given, as `id/epoch`. */
  get givenNames(): readonly string[] {
    return [...this.#given];
  }

  /** A program starts; it has not been answered. */
  begin(transactionalId: string, name: string): Life {
    const life: Life = { transactionalId, name, producer: undefined, startedAt: 0, fencedAt: undefined };
    const lives = this.#lives.get(transactionalId) ?? [];
    this.#lives.set(transactionalId, [...lives, life]);
    return life;
  }

  /** Its InitProducerId is answered. @param sentAt when it asked, the last time */
  started(life: Life, producer: NonNullable<Life['producer']>, sentAt: number): void {
    const name = `${producer.producerId}/${producer.producerEpoch}`;
    if (this.#given.has(name)) throw new Violation('I5', `${life.name} is given producer ${name}, which another was given before`);
    this.#given.add(name);
    life.producer = producer;
    life.startedAt = this.#clock.tick();
    for (const other of this.#lives.get(life.transactionalId)!) {
      if (other === life || other.producer === undefined || other.fencedAt !== undefined) continue;
      const isOlder = other.startedAt < sentAt || isBelow(other.producer, producer);
      if (isOlder) other.fencedAt = life.startedAt;
      else if (isBelow(producer, other.producer)) life.fencedAt = life.startedAt;
    }
  }

  /** It goes on under another epoch, which the end of its transaction has brought. */
  goesOn(life: Life, producer: NonNullable<Life['producer']>): void {
    this.#given.add(`${producer.producerId}/${producer.producerEpoch}`);
    life.producer = producer;
  }

  isFenced({ fencedAt }: Life): boolean {
    return fencedAt !== undefined;
  }

  wasFencedBefore({ fencedAt }: Life, at: number): boolean {
    return fencedAt !== undefined && fencedAt < at;
  }
}

function isBelow(a: NonNullable<Life['producer']>, b: NonNullable<Life['producer']>): boolean {
  return a.producerId === b.producerId && a.producerEpoch < b.producerEpoch;
}
