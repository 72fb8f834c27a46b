interface Entry {
  readonly atMs: number;
  readonly what: string;
  readonly fields: object | undefined;
}

/** What happened in a run, in words, with the virtual time: printed when a seed fails or is traced. Lines are put together only for whoever reads them. */
export class Timeline {
  readonly #entries: Entry[] = [];
  readonly #nowMs: () => number;
  readonly #echo: ((line: string) => void) | undefined;

  constructor(nowMs: () => number, echo?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#echo = echo;
  }

  note(what: string): void {
    this.#add({ atMs: this.#nowMs(), what, fields: undefined });
  }

  /** A log line of a broker. */
  log(name: string, level: string, fields: object, message: string): void {
    this.#add({ atMs: this.#nowMs(), what: `${name} ${level} ${message}`, fields });
  }

  get lines(): string[] {
    return this.#entries.map(lineOf);
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#echo?.(lineOf(entry));
  }
}

function lineOf({ atMs, what, fields }: Entry): string {
  const details = fields === undefined || Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields, plain)}`;
  return `${(atMs / 1000).toFixed(3).padStart(9)} s  ${what}${details}`;
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === 'bigint' ? String(value) : value;
}
