import type { SimulatedDisk } from '#platform';

/** The observed disk's own objects; only their identity counts. */
type Observer = Parameters<SimulatedDisk['observe']>[0];
type Node = ReturnType<SimulatedDisk['observe']>['entries'] extends Map<string, infer Entry> ? Entry : never;

/** One operation that changes something. Files and directories are numbers; the root is 0. */
export type Change =
  | { kind: 'names'; edits: readonly NameEdit[] }
  | { kind: 'write'; file: number; position: number; bytes: Buffer }
  | { kind: 'resize'; file: number; size: number };

/** A name in a directory comes to stand for something, or for nothing any more. A rename is two of them, which are never torn apart. */
export interface NameEdit {
  directory: number;
  name: string;
  to: number | undefined;
}

/** A change, or a sync that has made all changes of one node up to `upTo` durable. */
export type TraceEntry = { change: Change; sequence: number } | { sync: number; upTo: number };

/** What a disk holds: nodes by their numbers. */
export class Content {
  readonly nodes: Map<number, Map<string, number> | Buffer>;

  constructor(nodes: Map<number, Map<string, number> | Buffer> = new Map([[0, new Map()]])) {
    this.nodes = nodes;
  }

  directory(id: number): Map<string, number> {
    return this.nodes.get(id) as Map<string, number>;
  }

  file(id: number): Buffer {
    return this.nodes.get(id) as Buffer;
  }

  /** Every path, directories before what is in them; a directory has no bytes. */
  *paths(id = 0, path = ''): Generator<{ path: string; bytes: Buffer | undefined }> {
    for (const [name, to] of this.directory(id)) {
      const node = this.nodes.get(to)!;
      yield { path: `${path}/${name}`, bytes: Buffer.isBuffer(node) ? node : undefined };
      if (!Buffer.isBuffer(node)) yield* this.paths(to, `${path}/${name}`);
    }
  }
}

/** Everything that happens on a disk from now on, in its order, and what was there before. */
export class Recorder {
  readonly entries: TraceEntry[] = [];
  /** What was on the disk when recording began; all of it durable. */
  readonly base = new Content();
  /** Which nodes are directories; all others are files. */
  readonly directories = new Set<number>([0]);
  readonly #ids = new Map<Node, number>();

  constructor(disk: SimulatedDisk) {
    const root = disk.observe(((event) => {
      if (event.kind === 'sync') {
        this.entries.push({ sync: this.#idOf(event.node), upTo: event.upTo });
        return;
      }
      const { sequence } = event;
      this.entries.push({ change: this.#changeOf(event), sequence });
    }) satisfies Observer);
    this.#ids.set(root, 0);
    this.#take(root);
  }

  #changeOf(event: Exclude<Parameters<Observer>[0], { kind: 'sync' }>): Change {
    if (event.kind === 'write') return { kind: 'write', file: this.#idOf(event.file), position: event.position, bytes: event.bytes };
    if (event.kind === 'resize') return { kind: 'resize', file: this.#idOf(event.file), size: event.size };
    const edits = event.edits.map(({ directory, name, to }) => ({
      directory: this.#idOf(directory),
      name,
      to: to && this.#idOf(to),
    }));
    return { kind: 'names', edits };
  }

  #idOf(node: Node): number {
    let id = this.#ids.get(node);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(node, id);
      if (node.kind === 'directory') this.directories.add(id);
    }
    return id;
  }

  #take(directory: Node & { kind: 'directory' }): void {
    const entries = this.base.directory(this.#idOf(directory));
    for (const [name, node] of directory.entries) {
      const id = this.#idOf(node);
      entries.set(name, id);
      this.base.nodes.set(id, node.kind === 'directory' ? new Map() : node.content.read(0, node.content.size));
      if (node.kind === 'directory') this.#take(node);
    }
  }
}

/** Operations in words, with the names that files had when they were used. */
export class Narrator {
  readonly #names = new Map<number, string>([[0, '']]);

  tell(entry: TraceEntry): string {
    if ('sync' in entry) return `sync ${this.#name(entry.sync)} (what was done up to operation ${entry.upTo})`;
    const { change } = entry;
    if (change.kind === 'write') return `write ${change.bytes.length} bytes at ${change.position} of ${this.#name(change.file)}`;
    if (change.kind === 'resize') return `cut ${this.#name(change.file)} to ${change.size} bytes`;
    const [first, second] = change.edits;
    if (first && second?.to !== undefined) {
      const from = this.#path(first);
      this.#names.set(second.to, this.#path(second));
      return `rename ${from} to ${this.#path(second)}`;
    }
    if (first?.to === undefined) return `remove ${this.#path(first!)}`;
    this.#names.set(first.to, this.#path(first));
    return `create ${this.#path(first)}`;
  }

  #path({ directory, name }: NameEdit): string {
    return `${this.#name(directory)}/${name}`;
  }

  #name(id: number): string {
    return this.#names.get(id) ?? `node ${id}`;
  }
}
