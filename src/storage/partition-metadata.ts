import { type Disk, DiskError } from '#platform';
import { parseProperties } from './meta-properties.ts';

const fileName = 'partition.metadata';

/** The topic id that a partition's directory was made for; undefined when its file is missing or cannot be understood. */
export function readPartitionMetadata(disk: Disk, directory: string): string | undefined {
  try {
    const lines = disk.readFile(`${directory}/${fileName}`).toString('utf8');
    const properties = parseProperties(lines);
    const topicId = properties.get('topic_id');
    return properties.get('version') === '0' && topicId !== undefined && /^[A-Za-z0-9_-]{22}$/.test(topicId) ? topicId : undefined;
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the file and syncs it; the directory's own entry for it is the caller's to sync. */
export async function writePartitionMetadata(disk: Disk, directory: string, topicId: string): Promise<void> {
  const file = disk.open(`${directory}/${fileName}`, 'create');
  try {
    file.write([Buffer.from(`version: 0\ntopic_id: ${topicId}`)], 0);
    await file.sync();
  } finally {
    file.close();
  }
}

/** Makes what the file says now survive a crash. */
export async function syncPartitionMetadata(disk: Disk, directory: string): Promise<void> {
  const file = disk.open(`${directory}/${fileName}`, 'write');
  try {
    await file.sync();
  } finally {
    file.close();
  }
}
