/** The length prefix in front of every frame. */
const prefixBytes = 4;

/** Runs of this many chunks in a row are merged when they are small, so that a peer that sends byte by byte costs little memory. */
const mergeRun = 256;
const smallRunBytes = mergeRun * 1024;

/** A length prefix that no frame here may have. The stream cannot be read any further. */
export class FrameError extends Error {
  /** What the prefix claims, in bytes. */
  readonly size: number;

  constructor(size: number, message: string) {
    super(message);
    this.name = 'FrameError';
    this.size = size;
  }
}

/**
 * Cuts a stream of bytes into frames: an int32 length, then that many bytes. Give it what arrives with {@link push}, take frames with
 * {@link next} when there is room for them. A frame that lies within one chunk is a view of that chunk, any other is copied once.
 * Memory grows with the bytes that came, never with a length that was only claimed.
 */
export class FrameSplitter {
  /** The longest frame allowed. It counts for lengths that are read later. */
  maxFrameBytes: number;
  readonly #minFrameBytes: number;
  #chunks: Buffer[] = [];
  /** Bytes of the first chunk that were given out. */
  #start = 0;
  /** Bytes in the chunks that were not given out. */
  #buffered = 0;
  /** Length of the frame that comes next, -1 while its prefix is not complete. */
  #size = -1;
  /** Chunks before this index are not looked at again for merging. */
  #mergedUpTo = 0;

  /** @param options minFrameBytes: what every frame has at least, its header */
  constructor(options: { maxFrameBytes: number; minFrameBytes: number }) {
    this.maxFrameBytes = options.maxFrameBytes;
    this.#minFrameBytes = options.minFrameBytes;
  }

  /** Bytes that came and are not part of a frame given out. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** Has a frame begun, in its prefix or after it, that {@link next} has not given out? */
  get isMidFrame(): boolean {
    return this.#buffered > 0 || this.#size >= 0;
  }

  /** Takes over a chunk of the stream; nobody may write to it afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#chunks.length - this.#mergedUpTo >= mergeRun) this.#merge();
  }

  /**
   * The next whole frame without its prefix, or undefined until more bytes come.
   * @throws FrameError at a length below the header's or above the limit; calling again is then of no use
   */
  next(): Buffer | undefined {
    if (this.#size < 0) {
      if (this.#buffered < prefixBytes) return undefined;
      this.#size = this.#checked(this.#takeLength());
    }
    if (this.#buffered < this.#size) return undefined;
    const frame = this.#take(this.#size);
    this.#size = -1;
    return frame;
  }

  #takeLength(): number {
    const first = this.#chunks[0]!;
    if (first.length - this.#start <= prefixBytes) return this.#take(prefixBytes).readInt32BE(0);
    const size = first.readInt32BE(this.#start);
    this.#start += prefixBytes;
    this.#buffered -= prefixBytes;
    return size;
  }

  #checked(size: number): number {
    if (size >= this.#minFrameBytes && size <= this.maxFrameBytes) return size;
    if (size < 0) throw new FrameError(size, `a frame claims a negative size, ${size} bytes${hint(size)}`);
    if (size < this.#minFrameBytes) {
      throw new FrameError(size, `a frame claims ${size} bytes, less than the ${this.#minFrameBytes} bytes of its header`);
    }
    throw new FrameError(size, `a frame claims ${size} bytes, more than the ${this.maxFrameBytes} bytes allowed${hint(size)}`);
  }

  /** The next `length` bytes, all of which are there. */
  #take(length: number): Buffer {
    const first = this.#chunks[0]!;
    const end = this.#start + length;
    this.#buffered -= length;
    if (end < first.length) {
      const view = first.subarray(this.#start, end);
      this.#start = end;
      return view;
    }
    if (end === first.length) {
      const view = this.#start === 0 ? first : first.subarray(this.#start);
      this.#drop(1);
      this.#start = 0;
      return view;
    }
    return this.#gather(length);
  }

  #gather(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    let used = 0;
    for (;;) {
      const chunk = this.#chunks[used]!;
      const copied = chunk.copy(bytes, filled, this.#start, Math.min(chunk.length, this.#start + length - filled));
      filled += copied;
      if (this.#start + copied < chunk.length) {
        this.#start += copied;
        break;
      }
      used += 1;
      this.#start = 0;
      if (filled === length) break;
    }
    this.#drop(used);
    return bytes;
  }

  #drop(count: number): void {
    if (count === this.#chunks.length) this.#chunks = [];
    else this.#chunks.splice(0, count);
    this.#mergedUpTo = Math.max(0, this.#mergedUpTo - count);
  }

  #merge(): void {
    const from = this.#mergedUpTo;
    const run = this.#chunks.slice(from);
    const runBytes = run.reduce((sum, chunk) => sum + chunk.length, 0);
    if (runBytes < smallRunBytes) {
      this.#chunks.length = from;
      this.#chunks.push(Buffer.concat(run, runBytes));
    }
    this.#mergedUpTo = this.#chunks.length;
  }
}

/** What the first four bytes of a stream really are when they make no sense as a length, as a half-sentence; '' when nobody knows. */
function hint(size: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(size);
  const text = bytes.toString('latin1');
  if (text === 'HTTP') return `: this is an answer in HTTP ('HTTP'), not in Kafka's protocol`;
  if (/^[A-Z]{3,4}[ /]?$/.test(text)) return `: these are the letters '${text}', as HTTP begins`;
  const isTls = bytes[0]! >= 0x14 && bytes[0]! <= 0x17 && bytes[1] === 3 && bytes[2]! <= 4;
  if (isTls) return ': this is TLS, one side speaks TLS and the other plaintext (security.protocol)';
  return '';
}
