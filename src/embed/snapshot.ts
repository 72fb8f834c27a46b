import { type Address, type Disk, NodeDisk } from '#platform';
import { OptionError } from './options.ts';

const manifestFile = 'cluster.json';
const format = 1;

/** What a snapshot says of the cluster that it was taken of. */
export interface SnapshotManifest {
  readonly brokers: readonly {
    readonly id: number;
    /** Where this broker ever was: what is in its files may still name each. */
    readonly addresses: readonly Address[];
  }[];
  /** How far its wall time was ahead. */
  readonly aheadMs: number;
}

/** The data directory of one broker, on whatever disk. */
export interface DataDirectory {
  readonly id: number;
  readonly disk: Disk;
  readonly path: string;
}

/**
 * Writes what all brokers have at this one moment, as a copy of their files after a `kill -9` of all would be. One that is there is replaced.
 * @throws OptionError when the directory has anything else in it; DiskError
 */
export function writeSnapshot(directory: string, manifest: SnapshotManifest, brokers: readonly DataDirectory[]): void {
  const host = new NodeDisk();
  if (host.stat(directory) !== undefined && host.list(directory).length > 0) {
    if (host.stat(`${directory}/${manifestFile}`) === undefined)
      throw new OptionError('snapshot', directory, 'there are other things in this directory', 'Name a new one, or an older snapshot');
    host.removeDirectory(directory);
  }
  host.makeDirectory(directory);
  // In one go: nothing else happens in this process meanwhile, so that all copies are of one moment.
  for (const { id, disk, path } of brokers) if (disk.stat(path) !== undefined) copy(disk, path, host, `${directory}/${id}`);
  // Last: without it, it is no snapshot.
  const file = host.open(`${directory}/${manifestFile}`, 'create');
  try {
    file.write([Buffer.from(`${JSON.stringify({ format, ...manifest }, undefined, 2)}\n`)], 0);
  } finally {
    file.close();
  }
}

/** @throws OptionError when there is no snapshot that this version understands */
export function readManifest(directory: string): SnapshotManifest {
  const host = new NodeDisk();
  const path = `${directory}/${manifestFile}`;
  if (host.stat(path) === undefined)
    throw new OptionError(
      'fromSnapshot',
      directory,
      `there is no snapshot: ${manifestFile} is missing`,
      'Write one with snapshot(directory)',
    );
  const { format: found, ...manifest } = JSON.parse(host.readFile(path).toString()) as SnapshotManifest & { format: number };
  if (found !== format)
    throw new OptionError('fromSnapshot', directory, `its format is ${found}, and this version knows ${format}`, 'Take a new snapshot');
  return manifest;
}

/** Puts the files of one broker where it will look for them. @throws OptionError when there are some already */
export function restore(directory: string, { id, disk, path }: DataDirectory): void {
  if (disk.stat(`${path}/meta.properties`) !== undefined)
    throw new OptionError('directory', path, 'broker data is there already, and fromSnapshot would mix with it', 'Name an empty directory');
  copy(new NodeDisk(), `${directory}/${id}`, disk, path);
}

function copy(from: Disk, source: string, to: Disk, target: string): void {
  to.makeDirectory(target);
  for (const name of from.list(source)) {
    if (name === '.lock' || name.endsWith('.tmp')) continue;
    const [inner, outer] = [`${source}/${name}`, `${target}/${name}`];
    if (from.stat(inner)?.kind === 'directory') {
      copy(from, inner, to, outer);
      continue;
    }
    const file = to.open(outer, 'create');
    try {
      file.write([from.readFile(inner)], 0);
    } finally {
      file.close();
    }
  }
}
