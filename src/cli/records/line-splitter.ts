/** Cuts a stream of bytes into lines, without their ends. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines that end in this chunk, as one piece: text of whole lines without the last line's end. Undefined when none ends. */
  wholeLines(chunk: Buffer): Buffer | undefined {
    const last = chunk.lastIndexOf(10);
    if (last < 0) {
      this.#rest.push(chunk);
      return undefined;
    }
    const lines = this.#rest.length === 0 ? chunk.subarray(0, last) : Buffer.concat([...this.#rest, chunk.subarray(0, last)]);
    this.#rest = last + 1 < chunk.length ? [chunk.subarray(last + 1)] : [];
    return lines;
  }

  /** What came behind the last line's end. */
  rest(): Buffer | undefined {
    const rest = Buffer.concat(this.#rest);
    this.#rest = [];
    return rest.length === 0 ? undefined : rest;
  }
}

/** The lines of a piece of them. Views, not copies. */
export function* linesOf(lines: Buffer): Generator<Buffer, void, undefined> {
  let from = 0;
  for (let at = lines.indexOf(10); at >= 0; at = lines.indexOf(10, from)) {
    yield lines.subarray(from, at);
    from = at + 1;
  }
  yield lines.subarray(from);
}
