import { type Disk, DiskError } from '#platform';
import { crc32c } from '#protocol';

/** A small file that only this program writes says something that it never writes. */
export function malformed(path: string, why: string): Error {
  return new Error(`${path} is damaged (${why}). Nothing was changed. Restore it, or start this broker with an empty directory.`);
}

/** The JSON object in a file; undefined when there is no such file. @throws Error naming the file when it holds anything else */
export function readJson(disk: Disk, path: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = disk.readFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw malformed(path, (error as Error).message);
  }
  throw malformed(path, 'no JSON object');
}

/** The same, of a file that {@link writeChecked} wrote: one flipped bit is noticed too. */
export function readChecked(disk: Disk, path: string): Record<string, unknown> | undefined {
  const value = readJson(disk, path);
  if (value === undefined) return undefined;
  const { crc, ...content } = value;
  if (crc !== checksumOf(content)) throw malformed(path, 'its checksum is wrong');
  return content;
}

/** Durable when the promise resolves. */
export function writeChecked(disk: Disk, path: string, content: Record<string, unknown>): Promise<void> {
  return disk.replace(path, Buffer.from(JSON.stringify({ ...content, crc: checksumOf(content) })));
}

/** Durable when the promise resolves. */
export async function removeFile(disk: Disk, directory: string, name: string): Promise<void> {
  disk.remove(`${directory}/${name}`);
  await disk.syncDirectory(directory);
}

function checksumOf(content: Record<string, unknown>): number {
  return crc32c(Buffer.from(JSON.stringify(content)));
}
