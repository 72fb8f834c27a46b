import type { Address, Connection, Logger } from '#platform';
import { FrameError, FrameSplitter } from './frame-splitter.ts';
import { type ServerLimits, stallAllowanceMs } from './limits.ts';
import { protocolOf, type WireProtocol } from './sniff.ts';

/** API key, API version and correlation id: what the shortest request header has. */
const minRequestBytes = 8;

/** Buffers of up to this many bytes together are joined: that costs less than giving them to the system one by one. */
const joinedBytes = 4096;

/**
 * What answers a request: the buffers of a whole frame with its length (sent by reference: they must not change any more), null for no
 * answer (acks=0), 'close' to drop the connection once the answers before it have left.
 */
export type Answer = SettledAnswer | Promise<SettledAnswer>;
export type SettledAnswer = readonly Uint8Array[] | null | 'close';

/** The socket of a connection that speaks HTTP, with what was read put back. */
export type HttpSocket = NonNullable<ReturnType<Connection['detach']>>;

/** A connection as those who answer requests see it. */
export interface ClientConnection {
  /** Unique in this server. */
  readonly id: number;
  readonly remote: Address;
  readonly local: Address;
  /** Whoever answers sets it at the first valid request; from then on frames may be as long as socket.request.max.bytes. */
  trusted: boolean;
  /** As the client named itself in ApiVersions. */
  clientSoftware?: { name: string; version: string };
  readonly closed: boolean;
  /** Called once when the connection is gone, at once when it is gone already. */
  onClose(callback: () => void): void;
}

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly limits: ServerLimits;
  readonly log: Logger;
  answer(frame: Buffer, connection: ClientConnection): Answer;
  readonly speaksHttp: boolean;
  /** The connection's socket now belongs to HTTP. */
  takeHttp(socket: HttpSocket, connection: ServerConnection): void;
  /** Logs what a peer did wrong, not more often than is good. */
  complain(kind: string, connection: ServerConnection, message: string): void;
  /** The connection is closed. */
  gone(connection: ServerConnection): void;
}

interface Slot {
  answer: SettledAnswer | undefined;
}

/**
 * One accepted connection: sniffs what it speaks, cuts frames, hands out at most `maxUnanswered` requests and sends the answers in the
 * order of the requests. It reads no more than it can hand out, so a peer that sends faster, or does not read, waits in its own buffers.
 */
export class ServerConnection implements ClientConnection {
  readonly id: number;
  readonly remote: Address;
  readonly local: Address;
  clientSoftware?: { name: string; version: string };
  readonly #connection: Connection;
  readonly #owner: ConnectionOwner;
  readonly #limits: ServerLimits;
  readonly #splitter: FrameSplitter;
  #state: 'sniffing' | 'kafka' | 'ending' | 'gone' = 'sniffing';
  #trusted = false;
  /** Requests handed out whose answers have not been sent, in order. */
  readonly #unanswered: Slot[] = [];
  /** Answers on their way into one write. */
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  /** No request is taken any more; the connection ends when those handed out are answered. */
  #noMore = false;
  /** The connection ends with what is in #outgoing; later answers are dropped. */
  #lastAnswer = false;
  #peerEnded = false;
  #paused = false;
  /** The peer does not read its answers. */
  #blocked = false;
  #running = false;
  #flushScheduled = false;
  readonly #closeCallbacks: (() => void)[] = [];

  // What the sweep goes by. Data only sets flags; looking at the clock is left to the sweep.
  #heard = false;
  #wrote = false;
  #drained = false;
  #lastHeard: number;
  #lastActive: number;
  #lastProgress: number;
  #pendingAtSweep = 0;
  #endingSince: number | undefined;

  constructor(id: number, connection: Connection, owner: ConnectionOwner, now: number) {
    this.id = id;
    this.remote = connection.remote;
    this.local = connection.local;
    this.#connection = connection;
    this.#owner = owner;
    this.#limits = owner.limits;
    this.#splitter = new FrameSplitter({ maxFrameBytes: owner.limits.maxUntrustedFrameBytes, minFrameBytes: minRequestBytes });
    this.#lastHeard = this.#lastActive = this.#lastProgress = now;
    connection.onClose((error) => this.#closed(error));
    connection.onEnd(() => {
      this.#peerEnded = true;
      if (this.#state === 'sniffing') this.#end();
      else this.#run();
    });
    connection.onDrain(() => {
      this.#drained = true;
      this.#blocked = false;
      this.#run();
    });
    connection.onData((bytes) => this.#receive(bytes));
  }

  get trusted(): boolean {
    return this.#trusted;
  }

  set trusted(trusted: boolean) {
    this.#trusted = trusted;
    this.#splitter.maxFrameBytes = trusted ? this.#limits.maxFrameBytes : this.#limits.maxUntrustedFrameBytes;
  }

  get closed(): boolean {
    return this.#state === 'gone';
  }

  onClose(callback: () => void): void {
    if (this.closed) callback();
    else this.#closeCallbacks.push(callback);
  }

  /** Takes no more requests; ends when those handed out are answered. */
  finish(): void {
    this.#noMore = true;
    if (this.#state === 'sniffing') this.#end();
    else this.#run();
  }

  /** Closes at once. */
  destroy(): void {
    if (this.#state !== 'gone') this.#connection.destroy();
  }

  /** Looks after everything that has a time limit. Called about once a second, so that no request needs a timer. */
  sweep(now: number): void {
    const pending = this.#connection.pendingBytes;
    if (this.#heard) this.#lastHeard = now;
    if (this.#heard || this.#wrote || pending > 0 || this.#unanswered.length > 0) this.#lastActive = now;
    if (pending === 0 || pending < this.#pendingAtSweep || this.#drained) this.#lastProgress = now;
    this.#pendingAtSweep = pending;
    this.#heard = this.#wrote = this.#drained = false;

    if (this.#state === 'sniffing') {
      if (now - this.#lastHeard < this.#limits.sniffTimeoutMs) return;
      this.#owner.log.debug({ remote: this.remote }, 'a connection that sent nothing is closed');
      this.destroy();
    } else if (now - this.#lastProgress >= stallAllowanceMs(this.#limits, pending) && pending > 0) {
      this.#owner.complain('stalled', this, `does not read its answers: ${pending} bytes wait for it; the connection is dropped`);
      this.destroy();
    } else if (this.#state === 'ending') {
      this.#endingSince ??= now;
      if (pending === 0 && now - this.#endingSince >= this.#limits.maxStallMs) this.destroy();
    } else if (this.#splitter.isMidFrame && !this.#paused && !this.#isFull && !this.#noMore) {
      if (now - this.#lastHeard < this.#limits.frameTimeoutMs) return;
      this.#refuse('stuck', 'began a frame and sent no more of it');
    } else if (now - this.#lastActive >= this.#limits.maxIdleMs) {
      this.#owner.log.debug({ remote: this.remote }, 'an idle connection is closed');
      this.#end();
    }
  }

  get #isFull(): boolean {
    return this.#blocked || this.#unanswered.length >= this.#limits.maxUnanswered;
  }

  #receive(bytes: Buffer): void {
    this.#heard = true;
    if (this.#state === 'sniffing') this.#sniff(bytes);
    // Once no more is taken, what still comes is read and dropped: closing on unread bytes would reset the answers on their way.
    if (this.#state !== 'kafka' || this.#noMore) return;
    this.#splitter.push(bytes);
    this.#run();
  }

  #sniff(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const protocol = protocolOf(bytes[0]!);
    if (protocol === 'kafka') {
      this.#state = 'kafka';
    } else if (protocol === 'http' && this.#owner.speaksHttp) {
      this.#becomeHttp(bytes);
    } else {
      this.#owner.complain(protocol, this, `${refusal(protocol, bytes[0]!)}; the connection is closed`);
      this.destroy();
    }
  }

  #becomeHttp(bytes: Buffer): void {
    const socket = this.#connection.detach(bytes);
    if (socket === undefined) {
      this.#owner.complain('http', this, 'sent HTTP, which this network cannot hand over');
      this.destroy();
      return;
    }
    this.#leave();
    this.#owner.takeHttp(socket, this);
  }

  /** Hands out and sends whatever can be now, then decides whether to go on reading. The only place that does either. */
  #run(): void {
    if (this.#running || this.#state !== 'kafka') return;
    this.#running = true;
    let hasRoomAfterSending: boolean;
    do {
      hasRoomAfterSending = this.#takeFrames();
      this.#send();
    } while (hasRoomAfterSending && this.#state === 'kafka');
    this.#running = false;
    if (this.#state !== 'kafka') return;
    const isDone = this.#unanswered.length === 0 && (this.#noMore || (this.#peerEnded && !this.#isFull));
    if (this.#lastAnswer || isDone) this.#end();
    else this.#setPaused(this.#isFull && this.#splitter.bufferedBytes > 0);
  }

  /** Hands out frames while there is room. True: only the answers that wait to be sent are in the way of more. */
  #takeFrames(): boolean {
    while (!this.#noMore && !this.#isFull) {
      if (this.#outgoingBytes > this.#limits.maxPendingBytes) return true;
      const frame = this.#nextFrame();
      if (frame === undefined) return false;
      this.#hand(frame);
    }
    return false;
  }

  #nextFrame(): Buffer | undefined {
    try {
      return this.#splitter.next();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#noMore = true;
      this.#owner.complain('frame', this, `${error.message}; the connection is closed`);
      return undefined;
    }
  }

  #hand(frame: Buffer): void {
    let answer: Answer;
    try {
      answer = this.#owner.answer(frame, this);
    } catch (error) {
      answer = this.#failed(error);
    }
    if (answer instanceof Promise) {
      const slot: Slot = { answer: undefined };
      this.#unanswered.push(slot);
      answer.then(
        (settled) => this.#settle(slot, settled),
        (error) => this.#settle(slot, this.#failed(error)),
      );
      return;
    }
    if (answer === 'close') this.#noMore = true;
    if (this.#unanswered.length === 0) this.#put(answer);
    else this.#unanswered.push({ answer });
  }

  #failed(error: unknown): 'close' {
    this.#owner.log.error({ err: error, remote: this.remote }, 'a request could not be answered; its connection is closed');
    return 'close';
  }

  #settle(slot: Slot, answer: SettledAnswer): void {
    if (this.#state !== 'kafka') return;
    slot.answer = answer;
    if (answer === 'close') this.#noMore = true;
    if (this.#unanswered[0] !== slot) return;
    let head: Slot | undefined = slot;
    while (head !== undefined && head.answer !== undefined) {
      this.#put(head.answer);
      this.#unanswered.shift();
      head = this.#unanswered[0];
    }
    // Answers that became ready together (one sync for many appends) settle one after another: the flush comes after them all.
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    this.#run();
  };

  #put(answer: SettledAnswer): void {
    if (answer === null || this.#lastAnswer) return;
    if (answer === 'close') {
      this.#lastAnswer = true;
      return;
    }
    for (const buffer of answer) {
      this.#outgoing.push(buffer);
      this.#outgoingBytes += buffer.length;
    }
  }

  #send(): void {
    if (this.#outgoing.length === 0) return;
    const isSmall = this.#outgoing.length > 1 && this.#outgoingBytes <= joinedBytes;
    const buffers = isSmall ? [Buffer.concat(this.#outgoing, this.#outgoingBytes)] : this.#outgoing;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#wrote = true;
    const isFlowing = this.#connection.write(buffers);
    if (!isFlowing && this.#connection.pendingBytes > this.#limits.maxPendingBytes) this.#blocked = true;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) {
      this.#connection.pause();
    } else {
      // While nobody read, the peer could not get on with its frame: its time starts again.
      this.#heard = true;
      this.#connection.resume();
    }
  }

  /** Answers what was handed out, then ends, with a log line that says why. */
  #refuse(kind: string, message: string): void {
    this.#owner.complain(kind, this, `${message}; the connection is closed`);
    this.finish();
  }

  #end(): void {
    this.#state = 'ending';
    // Reading goes on, so that the other side's end is noticed.
    this.#setPaused(false);
    this.#connection.end();
  }

  #closed(error: Error | undefined): void {
    if (this.#state === 'gone') return;
    if (error !== undefined) this.#owner.log.debug({ remote: this.remote, err: error }, 'a connection broke');
    this.#leave();
    this.#owner.gone(this);
  }

  #leave(): void {
    this.#state = 'gone';
    this.#outgoing = [];
    this.#unanswered.length = 0;
    for (const callback of this.#closeCallbacks.splice(0)) callback();
  }
}

/** Why a connection that does not speak Kafka is closed, and what its owner can do about it. */
function refusal(protocol: WireProtocol, firstByte: number): string {
  if (protocol === 'tls') {
    return 'speaks TLS to a plaintext port; set security.protocol=PLAINTEXT (ssl: false) in that client, or https:// to http://';
  }
  if (protocol === 'http') return 'speaks HTTP to a port that serves only the Kafka protocol';
  return `speaks neither Kafka's protocol nor HTTP: its first byte is 0x${firstByte.toString(16).padStart(2, '0')}`;
}
