import { type Disk, DiskError } from '#platform';
import { LogDirectoryError } from './errors.ts';

/** Whose directory it is: the content of `meta.properties`. */
export interface MetaProperties {
  /** In Kafka's text form; undefined until the broker has founded or joined a cluster. */
  clusterId: string | undefined;
  nodeId: number;
  /** Of this directory, in Kafka's text form; undefined in files that lack it. */
  directoryId: string | undefined;
}

const fileName = 'meta.properties';

/**
 * Reads `meta.properties`; undefined when the directory has none. Takes no lock and writes nothing, so that a broker can compare cluster
 * and node id before it touches anything.
 * @throws LogDirectoryError when the file is there and cannot be understood
 */
export function readMetaProperties(disk: Disk, directory: string): MetaProperties | undefined {
  const path = `${directory}/${fileName}`;
  let text: string;
  try {
    text = disk.readFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const properties = parseProperties(text);
  const version = properties.get('version');
  if (version !== '1') throw new LogDirectoryError(directory, `${path} has version ${version ?? 'none'}; this program reads version 1`);
  const clusterId = properties.get('cluster.id') || undefined;
  const nodeId = properties.get('node.id') ?? '';
  if (!/^\d+$/.test(nodeId)) throw new LogDirectoryError(directory, `${path} names no valid node.id: '${nodeId}'`);
  return { clusterId, nodeId: Number(nodeId), directoryId: properties.get('directory.id') };
}

/** Writes `meta.properties` durably; the directory is made when it is missing. */
export async function writeMetaProperties(disk: Disk, directory: string, properties: MetaProperties): Promise<void> {
  disk.makeDirectory(directory);
  const lines = ['#'];
  if (properties.clusterId !== undefined) lines.push(`cluster.id=${properties.clusterId}`);
  if (properties.directoryId !== undefined) lines.push(`directory.id=${properties.directoryId}`);
  lines.push(`node.id=${properties.nodeId}`, 'version=1', '');
  await disk.replace(`${directory}/${fileName}`, Buffer.from(lines.join('\n')));
}

/**
 * Compares what a directory says of itself with what the broker expects; a value that is left out is not compared.
 * @throws LogDirectoryError naming both values
 */
export function checkMetaProperties(directory: string, found: MetaProperties, expected: { clusterId?: string; nodeId?: number }): void {
  if (expected.clusterId !== undefined && found.clusterId !== undefined && found.clusterId !== expected.clusterId) {
    throw new LogDirectoryError(
      directory,
      `${directory} belongs to cluster ${found.clusterId}, not to cluster ${expected.clusterId}. Use another data directory, or the right cluster.`,
    );
  }
  if (expected.nodeId !== undefined && found.nodeId !== expected.nodeId) {
    throw new LogDirectoryError(
      directory,
      `${directory} belongs to broker ${found.nodeId}, not to broker ${expected.nodeId}. Use another data directory, or the right id.`,
    );
  }
}

/** The lines of a Java properties file, as far as Kafka writes them. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*)$/.exec(line);
    if (match) properties.set(match[1]!, match[2]!.replace(/\\(.)/g, '$1'));
  }
  return properties;
}
