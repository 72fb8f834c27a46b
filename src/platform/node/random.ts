import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../random.ts';
import { uuidFrom } from '../uuid.ts';

/** The system's cryptographic generator: fit for secrets and nonces. */
export class SystemRandom implements Random {
  below(bound: number): number {
    return bound === 1 ? 0 : randomInt(bound);
  }

  fraction(): number {
    return randomInt(2 ** 47) / 2 ** 47;
  }

  bytes(length: number): Buffer {
    return randomBytes(length);
  }

  uuid(): string {
    return uuidFrom(randomBytes);
  }

  /** Every draw is independent already: the streams of all names are one. */
  fork(_name: string): Random {
    return this;
  }
}
