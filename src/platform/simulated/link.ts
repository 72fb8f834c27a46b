import type { SeededRandom } from './random.ts';
import type { Stream } from './stream.ts';

/** What bytes meet on their way from one host to another. */
export interface LinkConditions {
  /** The least delay, in milliseconds. */
  minDelayMs: number;
  /** What comes on top, on average; exponentially distributed. */
  meanExtraDelayMs: number;
  /** How often a segment is lost. The sender's TCP sends it again, so that what is seen is a stall, and after many losses a reset. */
  lossProbability: number;
  /** How often a segment arrives in two parts, cut at any byte. */
  splitProbability: number;
  /** How often the connection is reset with a segment, a part of which may still arrive. */
  resetProbability: number;
}

export const goodConditions: LinkConditions = {
  minDelayMs: 0.1,
  meanExtraDelayMs: 0.2,
  lossProbability: 0,
  splitProbability: 0.05,
  resetProbability: 0,
};

/** From a host to itself. */
export const loopbackConditions: LinkConditions = {
  minDelayMs: 0.01,
  meanExtraDelayMs: 0.02,
  lossProbability: 0,
  splitProbability: 0.05,
  resetProbability: 0,
};

const firstRetransmissionMs = 200;
const mostRetransmissions = 6;

/** The way from one host to another; the way back is another link. */
export class Link {
  readonly from: string;
  readonly to: string;
  conditions: LinkConditions;
  /** Nothing passes; the ends do not learn of it. */
  cut = false;
  /** Streams that wait for this link, with data of theirs or with acknowledgements of the other direction's. */
  readonly waiting = new Set<Stream>();

  constructor(from: string, to: string, conditions: LinkConditions) {
    this.from = from;
    this.to = to;
    this.conditions = conditions;
  }

  /** How long a segment takes, in microseconds; undefined when it was lost too often. */
  delayUs(random: SeededRandom): number | undefined {
    const { minDelayMs, meanExtraDelayMs, lossProbability } = this.conditions;
    let delayMs = minDelayMs + random.exponential(meanExtraDelayMs);
    for (let retransmissions = 0; random.chance(lossProbability); retransmissions++) {
      if (retransmissions === mostRetransmissions) return undefined;
      delayMs += firstRetransmissionMs * 2 ** retransmissions;
    }
    return delayMs * 1000;
  }
}
