import { SimulatedDisk } from '#platform';
import { type Change, Content, type TraceEntry } from './trace.ts';

const sectorBytes = 512;
/** The most pairs of lost operations that are tried at one crash point. */
const mostPairs = 60;

/** What becomes of a change that no sync has covered. */
export type Fate = 'kept' | 'lost' | Tear;

/** A write of which the disk has only parts. */
export interface Tear {
  /** Positions in the file: from, to. */
  readonly parts: readonly (readonly [number, number])[];
  /** Where something is that nobody wrote there. */
  readonly garbage?: readonly [number, number];
  /** The file has its new size all the same; what is missing reads as zeros. */
  readonly grown: boolean;
}

export interface PendingChange {
  readonly change: Change;
  readonly sequence: number;
}

/** What a power cut could leave: a fate for each change that was pending. */
export interface CrashState {
  label(): string;
  fates(): readonly Fate[];
  /** A file has bytes that nobody wrote: a log may be refused then, and nothing else may be wrong. */
  readonly hasGarbage: boolean;
}

/** A disk as its platter holds it while a trace is played: what is durable, and what is pending. */
export class Platter {
  readonly durable: Content;
  pending: PendingChange[] = [];
  readonly #directories: ReadonlySet<number>;

  constructor(base: Content, directories: ReadonlySet<number>) {
    this.durable = new Content(new Map([...base.nodes].map(([id, node]) => [id, Buffer.isBuffer(node) ? node : new Map(node)])));
    this.#directories = directories;
  }

  play(entry: TraceEntry): void {
    if (!('sync' in entry)) {
      this.pending.push(entry);
      if (entry.change.kind !== 'names') return;
      for (const { to } of entry.change.edits) {
        if (to !== undefined && !this.durable.nodes.has(to)) {
          this.durable.nodes.set(to, this.#directories.has(to) ? new Map() : Buffer.alloc(0));
        }
      }
      return;
    }
    const isSynced = ({ change, sequence }: PendingChange) => sequence <= entry.upTo && touches(change, entry.sync);
    for (const one of this.pending) if (isSynced(one)) applyTo(this.durable, one.change, 'kept');
    this.pending = this.pending.filter((one) => !isSynced(one));
  }

  /** What is on the disk when the power has gone, and each pending change has had its fate. */
  after(state: CrashState): Content {
    const fates = state.fates();
    const content = new Content(new Map(this.durable.nodes));
    const copied = new Set<number>();
    for (const [index, { change }] of this.pending.entries()) {
      if (fates[index] === 'lost') continue;
      for (const id of change.kind === 'names' ? change.edits.map((edit) => edit.directory) : []) {
        if (copied.has(id)) continue;
        copied.add(id);
        content.nodes.set(id, new Map(content.directory(id)));
      }
      applyTo(content, change, fates[index]!);
    }
    return content;
  }
}

/** A disk with that content, all of it durable. */
export function diskWith(content: Content): SimulatedDisk {
  const disk = new SimulatedDisk();
  const directories = ['/'];
  for (const { path, bytes } of content.paths()) {
    if (bytes === undefined) {
      directories.push(path);
      disk.makeDirectory(path);
      continue;
    }
    const file = disk.open(path, 'create');
    if (bytes.length > 0) file.write([bytes], 0);
    // Without a scheduler a sync is done when the call returns.
    void file.sync();
    file.close();
  }
  for (const path of directories) void disk.syncDirectory(path);
  return disk;
}

/** The states that a power cut may leave, beginning with the plain ones; the same for the same pending changes. */
export function* crashStates(pending: readonly PendingChange[]): Generator<CrashState> {
  const all = (fate: 'kept' | 'lost') => pending.map((): Fate => fate);
  const operation = (at: number) => `operation ${pending[at]!.sequence}`;
  const state = (label: () => string, fates: () => Fate[], hasGarbage = false): CrashState => ({ label, fates, hasGarbage });
  const chosen = (isKept: (one: PendingChange) => boolean) => () => pending.map((one): Fate => (isKept(one) ? 'kept' : 'lost'));
  yield state(
    () => 'nothing that was not synced is left',
    chosen(() => false),
  );
  if (pending.length === 0) return;
  yield state(
    () => 'all is left',
    chosen(() => true),
  );
  for (let at = 0; at < pending.length; at++) {
    if (pending.length > 1) {
      yield state(
        () => `all but ${operation(at)} is left`,
        () => all('kept').with(at, 'lost'),
      );
      yield state(
        () => `only ${operation(at)} is left`,
        () => all('lost').with(at, 'kept'),
      );
    }
    if (at > 1) {
      yield state(
        () => `what came before ${operation(at)} is left`,
        () => all('lost').fill('kept', 0, at),
      );
      yield state(
        () => `${operation(at)} and what came after it is left`,
        () => all('lost').fill('kept', at),
      );
    }
  }
  for (const id of new Set(pending.flatMap(({ change }) => nodesOf(change)))) {
    yield state(
      () => `all is left but what concerns node ${id}`,
      chosen(({ change }) => !nodesOf(change).includes(id)),
    );
    yield state(
      () => `only what concerns node ${id} is left`,
      chosen(({ change }) => nodesOf(change).includes(id)),
    );
  }
  yield state(
    () => 'names are left, and no content',
    chosen(({ change }) => change.kind === 'names'),
  );
  yield state(
    () => 'content is left, and no names',
    chosen(({ change }) => change.kind !== 'names'),
  );
  for (const [first, second] of pairsOf(pending.length)) {
    const label = () => `all but ${operation(first)} and ${operation(second)} is left`;
    yield state(label, () => all('kept').with(first, 'lost').with(second, 'lost'));
  }
  for (let at = 0; at < pending.length; at++) {
    const { change } = pending[at]!;
    if (change.kind !== 'write') continue;
    for (const tear of tearsOf(change.position, change.bytes.length)) {
      const what = () => `${operation(at)} is torn (${describe(tear)})`;
      const hasGarbage = tear.garbage !== undefined;
      yield state(
        () => `${what()}, the others are left`,
        () => all('kept').with(at, tear),
        hasGarbage,
      );
      if (pending.length === 1) continue;
      yield state(
        () => `${what()}, the others are lost`,
        () => all('lost').with(at, tear),
        hasGarbage,
      );
      if (at === 0 || at === pending.length - 1) continue;
      yield state(
        () => `${what()}, later ones are lost`,
        () => all('lost').fill('kept', 0, at).with(at, tear),
        hasGarbage,
      );
      yield state(
        () => `${what()}, earlier ones are lost`,
        () => all('kept').fill('lost', 0, at).with(at, tear),
        hasGarbage,
      );
    }
  }
}

/** How a write can be torn: by whole sectors, within one, in its size only, and with a sector of something else. */
function tearsOf(position: number, length: number): Tear[] {
  const end = position + length;
  const borders = [position];
  for (let at = position - (position % sectorBytes) + sectorBytes; at < end; at += sectorBytes) borders.push(at);
  borders.push(end);
  const middle = position + Math.floor(length / 2);
  const tears: Tear[] = [
    { parts: [], grown: true },
    { parts: [[position, middle]], grown: false },
    { parts: [[position, middle]], grown: true },
    { parts: [[middle, end]], grown: true },
  ];
  for (let index = 1; index < borders.length; index++) {
    const [from, to] = [borders[index - 1]!, borders[index]!];
    const others = [[position, from] as const, [to, end] as const].filter(([first, last]) => first < last);
    tears.push({ parts: others, grown: true, garbage: [from, to] });
    if (borders.length === 2) continue;
    tears.push({ parts: others, grown: true });
    if (index > 1) tears.push({ parts: [[position, from]], grown: false });
  }
  return tears;
}

function* pairsOf(count: number): Generator<readonly [number, number]> {
  const total = (count * (count - 1)) / 2;
  const every = Math.max(1, Math.ceil(total / mostPairs));
  let index = 0;
  for (let first = 0; first < count; first++) {
    for (let second = first + 1; second < count; second++) if (index++ % every === 0) yield [first, second];
  }
}

function applyTo(content: Content, change: Change, fate: Exclude<Fate, 'lost'>): void {
  if (change.kind === 'names') {
    for (const { directory, name, to } of change.edits) {
      if (to === undefined) content.directory(directory).delete(name);
      else content.directory(directory).set(name, to);
    }
    return;
  }
  const before = content.file(change.file);
  if (change.kind === 'resize') {
    content.nodes.set(change.file, resized(before, change.size));
    return;
  }
  const end = change.position + change.bytes.length;
  const parts = fate === 'kept' ? [[change.position, end] as const] : fate.parts;
  const least = fate === 'kept' || fate.grown ? end : Math.max(0, ...parts.map(([, to]) => to));
  const after = resized(before, Math.max(before.length, least));
  for (const [from, to] of parts) change.bytes.copy(after, from, from - change.position, to - change.position);
  if (fate !== 'kept' && fate.garbage) for (let at = fate.garbage[0]; at < fate.garbage[1]; at++) after[at] = garbageAt(at);
  content.nodes.set(change.file, after);
}

function resized(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.alloc(size);
  bytes.copy(copy, 0, 0, size);
  return copy;
}

/** Never zero, and nowhere the same for long. */
function garbageAt(position: number): number {
  return ((position * 2654435761) >>> 24) | 1;
}

function touches(change: Change, id: number): boolean {
  return change.kind === 'names' ? change.edits.some((edit) => edit.directory === id) : change.file === id;
}

function nodesOf(change: Change): number[] {
  return change.kind === 'names' ? change.edits.map((edit) => edit.directory) : [change.file];
}

function describe({ parts, garbage, grown }: Tear): string {
  const kept = parts.length === 0 ? 'nothing of it' : `bytes ${parts.map(([from, to]) => `${from}-${to - 1}`).join(', ')}`;
  return `${kept}${garbage ? `, garbage at ${garbage[0]}-${garbage[1] - 1}` : grown ? ', the size is the new one' : ''}`;
}
