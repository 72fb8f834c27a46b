import { connect, type Socket } from 'node:net';
import type { LinkCondition } from './links.ts';

/** So much waits in the proxy, as in the buffers of TCP, before the sender is held back. */
const mostWaitingBytes = 1024 * 1024;

interface LinkConnectionOptions {
  /** Who dialled whom. */
  readonly from: number;
  readonly to: number;
  readonly targetPort: number;
  condition(source: number, sink: number): LinkCondition;
  onClose(): void;
}

/** One connection through a proxy: a stream of bytes in either direction, each under its own condition. */
export class LinkConnection {
  readonly #dialler: Socket;
  readonly #options: LinkConnectionOptions;
  #target: Socket | undefined;
  #pipes: Pipe[] = [];

  constructor(dialler: Socket, options: LinkConnectionOptions) {
    this.#dialler = dialler;
    this.#options = options;
    dialler.on('error', () => {});
    dialler.on('close', () => this.#closed());
  }

  /** Connects the other side, unless a handshake could not come about now: then the dialler waits, and is broken off when the link is whole. */
  dial(): void {
    if (this.#isCut()) return;
    const { from, to, targetPort, condition } = this.#options;
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#target = target;
    target.on('error', () => {
      if (this.#pipes.length === 0) this.#dialler.resetAndDestroy(); // nobody listens; later a reset travels as bytes do
    });
    target.on('close', () => this.#closed());
    target.on('connect', () => {
      this.#pipes = [
        new Pipe(this.#dialler, target, () => condition(from, to)),
        new Pipe(target, this.#dialler, () => condition(to, from)),
      ];
    });
  }

  isBetween(a: number, b: number): boolean {
    const { from, to } = this.#options;
    return (a === from && b === to) || (a === to && b === from);
  }

  conditionChanged(): void {
    if (this.#target === undefined && !this.#isCut()) this.reset();
    for (const pipe of this.#pipes) pipe.pump();
  }

  reset(): void {
    this.#dialler.resetAndDestroy();
    this.#target?.resetAndDestroy();
  }

  #isCut(): boolean {
    const { from, to, condition } = this.#options;
    return condition(from, to).isCut === true || condition(to, from).isCut === true;
  }

  #closed(): void {
    if (this.#dialler.destroyed && (this.#target?.destroyed ?? true)) this.#options.onClose();
  }
}

type Waiting = { readonly dueAt: number } & ({ readonly bytes: Buffer } | { readonly end: 'finished' | 'reset' });

/** Bytes, and the end of them, on their way from one socket to another. */
class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #condition: () => LinkCondition;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lastDueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isSinkFull = false;

  constructor(source: Socket, sink: Socket, condition: () => LinkCondition) {
    this.#source = source;
    this.#sink = sink;
    this.#condition = condition;
    source.on('data', (bytes: Buffer) => {
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > mostWaitingBytes) source.pause();
      this.#push({ bytes }, bytes.length);
    });
    source.on('end', () => this.#push({ end: 'finished' }, 0));
    source.on('close', (hadError) => this.#push({ end: hadError ? 'reset' : 'finished' }, 0));
    sink.on('drain', () => {
      this.#isSinkFull = false;
      this.pump();
    });
    sink.on('close', () => clearTimeout(this.#timer));
    source.resume();
  }

  /** Passes on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0 && !this.#isSinkFull && !this.#condition().isCut) {
      const next = this.#waiting[0]!;
      const leftMs = next.dueAt - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.pump(), leftMs);
        break;
      }
      this.#waiting.shift();
      this.#deliver(next);
    }
    if (this.#waitingBytes <= mostWaitingBytes) this.#source.resume();
  }

  #push(what: { bytes: Buffer } | { end: 'finished' | 'reset' }, length: number): void {
    const { delayMs = 0, bytesPerSecond } = this.#condition();
    const sendingMs = bytesPerSecond === undefined ? 0 : (length / bytesPerSecond) * 1000;
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delayMs) + sendingMs;
    this.#waiting.push({ ...what, dueAt: this.#lastDueAt });
    this.pump();
  }

  #deliver(next: Waiting): void {
    if ('end' in next) {
      if (next.end === 'reset') this.#sink.resetAndDestroy();
      else if (!this.#sink.writableEnded) this.#sink.end();
      return;
    }
    this.#waitingBytes -= next.bytes.length;
    if (this.#sink.writable) this.#isSinkFull = !this.#sink.write(next.bytes);
  }
}
