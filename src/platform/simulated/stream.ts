import type { SimulatedConnection } from './connection.ts';
import type { SimulatedEvent } from './events.ts';
import type { Link } from './link.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** Bytes that the kernels of both ends hold together; more waits in the sending process. */
const windowBytes = 256 * 1024;
const largestSegment = 64 * 1024;
/** How long a sender's kernel goes on without an acknowledgement. Linux takes some 15 minutes; tests have less patience. */
const giveUpAfterUs = 30_000_000;
/** How long it may take until a sender tries again after a link has healed. */
const retryWithinUs = 200_000;

interface Segment {
  readonly kind: 'data' | 'end' | 'reset';
  parts: Buffer[];
  size: number;
  readonly sentAt: number;
  event: SimulatedEvent | undefined;
}

/** What both directions of all connections share. */
export interface StreamContext {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  isCut(link: Link): boolean;
}

/** One direction of a connection: bytes in order, after a while, or never. */
export class Stream {
  readonly #context: StreamContext;
  readonly #sender: SimulatedConnection;
  readonly #receiver: SimulatedConnection;
  readonly #link: Link;
  /** The way that acknowledgements take. */
  readonly #back: Link;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** In flight, or with the receiver's kernel. */
  #windowUsed = 0;
  /** On the way, in order, each with its event. */
  #flying: Segment[] = [];
  /** Arrived at a cut, or at a host without power. */
  #held: Segment[] = [];
  #lastArrival = 0;
  #unacknowledged = 0;
  #ackUnderway = false;
  #giveUp: SimulatedEvent | undefined;
  #endWanted = false;
  #endSent = false;

  constructor(context: StreamContext, ends: { sender: SimulatedConnection; receiver: SimulatedConnection }, link: Link, back: Link) {
    this.#context = context;
    this.#sender = ends.sender;
    this.#receiver = ends.receiver;
    this.#link = link;
    this.#back = back;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get endSent(): boolean {
    return this.#endSent;
  }

  write(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      if (buffer.length === 0) continue;
      this.#queue.push(buffer);
      this.#queuedBytes += buffer.length;
    }
  }

  end(): void {
    this.#endWanted = true;
  }

  /** Sends what the window allows. */
  pump(): void {
    while (this.#queuedBytes > 0 && this.#windowUsed < windowBytes) {
      this.#sendData(this.#take(Math.min(this.#queuedBytes, windowBytes - this.#windowUsed, largestSegment)));
    }
    if (this.#endWanted && !this.#endSent && this.#queuedBytes === 0) {
      this.#endSent = true;
      this.#send(this.#segment('end'));
    }
  }

  /**
   * The sending process is gone and what it had queued is lost. Its kernel sees to it that what was sent arrives, and then `last`;
   * undefined: the kernel has given up as well.
   */
  abandon(last: 'end' | 'reset' | undefined): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    if (last === undefined) this.#forget();
    else if (last === 'reset' || !this.#endSent) this.#send(this.#segment(last));
    this.#endSent = true;
  }

  /** The connection breaks: of what is on its way only the beginning arrives, cut at any byte, and then a reset. */
  breakOff(): void {
    const flying = this.#flying;
    const whole = this.#context.random.below(flying.length + 1);
    for (const segment of flying.slice(whole)) if (segment.event) this.#context.scheduler.cancel(segment.event);
    const torn = flying[whole];
    this.#flying = flying.slice(0, whole);
    this.#held = [];
    this.#queue = [];
    this.#queuedBytes = 0;
    const bytes = torn?.kind === 'data' ? Buffer.concat(torn.parts).subarray(0, this.#context.random.below(torn.size)) : undefined;
    if (bytes && bytes.length > 0) this.#send(this.#segment('data', bytes));
    this.#send(this.#segment('reset'));
    this.#endSent = true;
  }

  /** The receiving process has taken `count` bytes. */
  consumed(count: number): void {
    if (this.#context.isCut(this.#back)) {
      this.#unacknowledged += count;
      this.#wait(this.#back);
    } else {
      this.#acknowledge(count);
    }
  }

  /** A link that this stream waited for has healed: the sender's next retry gets through. */
  retry(): void {
    const stillCut = [this.#link, this.#back].find((link) => this.#context.isCut(link));
    if (stillCut) {
      stillCut.waiting.add(this);
      return;
    }
    this.#dropGiveUp();
    const held = this.#held;
    this.#held = [];
    this.#lastArrival = this.#context.scheduler.nowUs + this.#context.random.below(retryWithinUs);
    const later = this.#flying;
    this.#flying = [];
    for (const segment of [...held, ...later]) {
      if (segment.event) this.#context.scheduler.cancel(segment.event);
      this.#launch(segment, 0);
    }
    const acknowledged = this.#unacknowledged;
    this.#unacknowledged = 0;
    if (acknowledged > 0) this.#acknowledge(acknowledged);
  }

  #take(count: number): Buffer {
    // A copy: once sent, the bytes are the sender's again.
    const bytes = Buffer.allocUnsafe(count);
    let filled = 0;
    let whole = 0;
    while (filled < count) {
      const next = this.#queue[whole]!;
      const part = Math.min(next.length, count - filled);
      bytes.set(part === next.length ? next : next.subarray(0, part), filled);
      filled += part;
      if (part === next.length) whole++;
      else this.#queue[whole] = next.subarray(part);
    }
    this.#queue.splice(0, whole);
    this.#queuedBytes -= count;
    return bytes;
  }

  #sendData(bytes: Buffer): void {
    this.#windowUsed += bytes.length;
    const { random, scheduler } = this.#context;
    const { splitProbability, resetProbability } = this.#link.conditions;
    if (random.chance(resetProbability)) {
      this.#send(this.#segment('data', bytes));
      this.#sender.breakOff();
      return;
    }
    const last = this.#flying.at(-1);
    if (last?.kind === 'data' && last.sentAt === scheduler.nowUs && last.size + bytes.length <= largestSegment) {
      last.parts.push(bytes);
      last.size += bytes.length;
      return;
    }
    if (bytes.length > 1 && random.chance(splitProbability)) {
      const at = 1 + random.below(bytes.length - 1);
      this.#send(this.#segment('data', bytes.subarray(0, at)));
      this.#send(this.#segment('data', bytes.subarray(at)));
    } else {
      this.#send(this.#segment('data', bytes));
    }
  }

  #segment(kind: Segment['kind'], bytes?: Buffer): Segment {
    return { kind, parts: bytes ? [bytes] : [], size: bytes?.length ?? 0, sentAt: this.#context.scheduler.nowUs, event: undefined };
  }

  #send(segment: Segment): void {
    const delayUs = this.#link.delayUs(this.#context.random);
    if (delayUs === undefined) this.#sender.fail('ETIMEDOUT');
    else this.#launch(segment, delayUs);
  }

  #launch(segment: Segment, delayUs: number): void {
    const { scheduler } = this.#context;
    this.#lastArrival = Math.max(this.#lastArrival, scheduler.nowUs + Math.ceil(delayUs));
    segment.event = scheduler.schedule(this.#lastArrival - scheduler.nowUs, 'arrival', this.#receiver.kernel, () => this.#arrive(segment));
    this.#flying.push(segment);
  }

  #arrive(segment: Segment): void {
    segment.event = undefined;
    this.#flying.splice(this.#flying.indexOf(segment), 1);
    if (this.#context.isCut(this.#link) || this.#held.length > 0 || this.#receiver.isUnreachable) {
      this.#held.push(segment);
      this.#wait(this.#link);
    } else if (this.#receiver.isClosed) {
      if (segment.kind === 'data') this.#refuse();
    } else {
      this.#receiver.receive(segment.kind, segment.parts.length === 1 ? segment.parts[0]! : Buffer.concat(segment.parts));
    }
  }

  /** Data for an end that is no more is answered by a reset. */
  #refuse(): void {
    const delayUs = this.#back.delayUs(this.#context.random) ?? 0;
    this.#context.scheduler.schedule(delayUs, 'reset', this.#sender.kernel, () => {
      if (!this.#context.isCut(this.#back)) this.#sender.fail('ECONNRESET');
    });
  }

  #acknowledge(count: number): void {
    if (this.#queuedBytes === 0) {
      // Nobody waits for it.
      this.#windowUsed -= count;
      return;
    }
    this.#unacknowledged += count;
    if (this.#ackUnderway) return;
    this.#ackUnderway = true;
    this.#context.scheduler.schedule(this.#back.delayUs(this.#context.random) ?? 0, 'ack', undefined, () => {
      this.#ackUnderway = false;
      if (this.#context.isCut(this.#back)) {
        this.#wait(this.#back);
        return;
      }
      this.#windowUsed -= this.#unacknowledged;
      this.#unacknowledged = 0;
      this.#sender.pump();
    });
  }

  #wait(link: Link): void {
    link.waiting.add(this);
    this.#giveUp ??= this.#context.scheduler.schedule(giveUpAfterUs, 'give-up', this.#sender.kernel, () => {
      this.#giveUp = undefined;
      if (this.#held.length === 0 && this.#unacknowledged === 0) return;
      this.#forget();
      this.#sender.fail('ETIMEDOUT');
    });
  }

  #forget(): void {
    this.#held = [];
    this.#unacknowledged = 0;
    this.#dropGiveUp();
  }

  #dropGiveUp(): void {
    if (this.#giveUp) this.#context.scheduler.cancel(this.#giveUp);
    this.#giveUp = undefined;
  }
}
