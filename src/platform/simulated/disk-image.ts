import { diskFailure } from '../disk-failure.ts';
import type { CrashPlan, FileImage } from './file-image.ts';
import type { SeededRandom } from './random.ts';

/**
 * What a power cut leaves of everything that was not synced:
 * - strict: nothing;
 * - ordered: what was done up to some moment, the last write perhaps in part;
 * - hostile: any part of it, sector by sector, and sizes without their bytes.
 */
export type CrashMode = 'strict' | 'ordered' | 'hostile';

/** A directory: its entries as the running system sees them, and as the platter holds them. */
export class DirectoryImage {
  readonly kind = 'directory';
  entries = new Map<string, Node>();
  readonly durableEntries = new Map<string, Node>();
  modifiedMs: number;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }
}

export type Node = FileImage | DirectoryImage;

/** One directory operation: entries set or removed together. A rename edits two entries and is never torn. */
interface DirectoryChange {
  readonly sequence: number;
  readonly edits: readonly { directory: DirectoryImage; name: string; to: Node | undefined }[];
}

/** What happens to an image: a change that is not durable yet, or a sync that has made all changes of a node durable up to one of them. */
export type DiskImageEvent =
  | { kind: 'names'; sequence: number; edits: DirectoryChange['edits'] }
  | { kind: 'write'; sequence: number; file: FileImage; position: number; bytes: Buffer }
  | { kind: 'resize'; sequence: number; file: FileImage; size: number }
  | { kind: 'sync'; node: Node; upTo: number };

/** The content of one simulated disk. It outlives the processes that use it; {@link SimulatedDisk} is one process's view of it. */
export class DiskImage {
  readonly root = new DirectoryImage(0);
  /** Whether it keeps account of what is durable. */
  readonly crashable: boolean;
  usedBytes = 0;
  /** Sees all that happens, right after it has. */
  onEvent: ((event: DiskImageEvent) => void) | undefined;
  #sequence = 0;
  #directoryChanges: DirectoryChange[] = [];
  readonly #dirtyFiles = new Set<FileImage>();

  constructor(crashable: boolean) {
    this.crashable = crashable;
  }

  /** The number of the latest change: a sync covers all up to it. */
  get latest(): number {
    return this.#sequence;
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of namesOf(path)) {
      if (node?.kind !== 'directory') return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  /** The directory that holds `path`, and the last name of the path. */
  parentOf(path: string, doing: string): { directory: DirectoryImage; name: string } {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw diskFailure('EISDIR', path, doing);
    let node: Node | undefined = this.root;
    for (const step of names) {
      if (node?.kind === 'file') throw diskFailure('ENOTDIR', path, doing);
      node = node?.entries.get(step);
    }
    if (node === undefined) throw diskFailure('ENOENT', path, doing);
    if (node.kind === 'file') throw diskFailure('ENOTDIR', path, doing);
    return { directory: node, name };
  }

  files(directory = this.root, path = ''): { path: string; size: number; syncedBytes: number }[] {
    return [...directory.entries].flatMap(([name, node]) => {
      if (node.kind === 'directory') return this.files(node, `${path}/${name}`);
      return [{ path: `${path}/${name}`, size: node.content.size, syncedBytes: node.syncedBytes }];
    });
  }

  /** Carries one directory operation out. */
  edit(edits: DirectoryChange['edits'], nowMs: number): void {
    for (const { directory, name, to } of edits) {
      const from = directory.entries.get(name);
      if (to?.kind === 'file') this.#link(to, 1);
      if (from?.kind === 'file') this.#link(from, -1);
      if (to) directory.entries.set(name, to);
      else directory.entries.delete(name);
      directory.modifiedMs = nowMs;
    }
    if (!this.crashable) return;
    this.#directoryChanges.push({ sequence: ++this.#sequence, edits });
    this.onEvent?.({ kind: 'names', sequence: this.#sequence, edits });
  }

  write(file: FileImage, bytes: Uint8Array, position: number): void {
    const before = file.content.size;
    file.write(bytes, position, this.#nextChangeOf(file));
    this.#grown(file, before);
    this.onEvent?.({ kind: 'write', sequence: this.#sequence, file, position, bytes: Buffer.from(bytes) });
  }

  resize(file: FileImage, size: number): void {
    const before = file.content.size;
    file.resize(size, this.#nextChangeOf(file));
    this.#grown(file, before);
    this.onEvent?.({ kind: 'resize', sequence: this.#sequence, file, size });
  }

  syncFile(file: FileImage, upTo: number): void {
    file.makeDurable(upTo);
    if (!file.isDirty) this.#dirtyFiles.delete(file);
    this.onEvent?.({ kind: 'sync', node: file, upTo });
  }

  /** Makes the operations on the directory durable: wholly, also where they touch a second one, as a journal does. */
  syncDirectory(directory: DirectoryImage, upTo: number): void {
    this.#directoryChanges = this.#directoryChanges.filter((change) => {
      if (change.sequence > upTo || !change.edits.some((edit) => edit.directory === directory)) return true;
      applyDurably(change);
      return false;
    });
    this.onEvent?.({ kind: 'sync', node: directory, upTo });
  }

  /** The power fails. Afterwards the running system's view is what survived. */
  crash(mode: CrashMode, random: SeededRandom): void {
    const plan = planOf(mode, random, this.#oldestUnsynced(), this.#sequence);
    for (const change of this.#directoryChanges) {
      const fate = plan.fate(change.sequence);
      if (fate === 'kept' || fate === 'torn' || (fate === 'sectors' && random.chance(0.5))) applyDurably(change);
    }
    this.#directoryChanges = [];
    for (const file of this.#dirtyFiles) file.crash(plan);
    this.#dirtyFiles.clear();
    this.usedBytes = 0;
    this.#restore(this.root);
  }

  #oldestUnsynced(): number {
    let oldest = this.#directoryChanges[0]?.sequence ?? this.#sequence;
    for (const file of this.#dirtyFiles) oldest = Math.min(oldest, file.oldestUnsynced ?? oldest);
    return oldest;
  }

  #restore(directory: DirectoryImage): void {
    directory.entries = new Map(directory.durableEntries);
    for (const node of directory.entries.values()) {
      if (node.kind === 'directory') {
        this.#restore(node);
      } else {
        node.links = 1;
        this.usedBytes += node.content.size;
      }
    }
  }

  #nextChangeOf(file: FileImage): number | undefined {
    if (!this.crashable) return undefined;
    this.#dirtyFiles.add(file);
    return ++this.#sequence;
  }

  #grown(file: FileImage, sizeBefore: number): void {
    if (file.links > 0) this.usedBytes += file.content.size - sizeBefore;
  }

  #link(file: FileImage, by: 1 | -1): void {
    const wasLinked = file.links > 0;
    file.links += by;
    const isLinked = file.links > 0;
    if (wasLinked !== isLinked) this.usedBytes += isLinked ? file.content.size : -file.content.size;
  }
}

function applyDurably(change: DirectoryChange): void {
  for (const { directory, name, to } of change.edits) {
    if (to) directory.durableEntries.set(name, to);
    else directory.durableEntries.delete(name);
  }
}

function planOf(mode: CrashMode, random: SeededRandom, oldest: number, latest: number): CrashPlan {
  if (mode === 'strict') return { random, fate: () => 'lost' };
  if (mode === 'ordered') {
    const last = oldest - 1 + random.below(latest - oldest + 2);
    return { random, fate: (sequence) => (sequence < last ? 'kept' : sequence === last ? 'torn' : 'lost') };
  }
  // Some crashes leave nearly all, others nearly nothing.
  const [lost, kept] = (
    [
      [0.8, 0.1],
      [0.3, 0.3],
      [0.05, 0.8],
    ] as const
  )[random.below(3)]!;
  return {
    random,
    fate: () => {
      const draw = random.fraction();
      return draw < lost ? 'lost' : draw < lost + kept ? 'kept' : 'sectors';
    },
  };
}

/** The names along a path; '.' and '..' are worked out. Relative paths start at the root. */
export function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names;
}
