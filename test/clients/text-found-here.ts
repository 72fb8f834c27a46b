import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where a machine keeps text: manuals, sources of its languages, logs; and what npm installed here. */
const places = [
  '/usr/share/doc',
  '/usr/include',
  '/usr/lib/python3',
  '/usr/local/lib',
  '/usr/local/go/src',
  '/usr/lib/go/src',
  '/usr/src',
  '/var/log',
  join(import.meta.dirname, '..', '..', 'node_modules'),
  '/usr/share',
  '/usr/lib',
];
const largestFile = 20 * 1024 * 1024;
/** A record must fit into max.message.bytes. */
const longestLine = 500_000;

/** Real text as lines: none is empty, all are UTF-8 without NUL. */
export interface FoundText {
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
  /** One file per part, together at least as large as was asked for. */
  readonly parts: readonly string[];
}

/**
 * Gathers text files of this machine until they are `bytes` long together, and writes their lines to `parts` files in `directory`: file by
 * file in turn, so that the parts are about equally long. @throws when the machine has less text than that
 */
export function gatherText(bytes: number, parts: number, directory: string): FoundText {
  const names = Array.from({ length: parts }, (_, i) => join(directory, `part-${i}.txt`));
  const handles = names.map((name) => openSync(name, 'w'));
  const sizes = names.map(() => 0);
  const total = () => sizes.reduce((sum, size) => sum + size, 0);
  let files = 0;
  let lines = 0;
  const visited = new Set<string>();
  for (const place of places) {
    for (const file of filesUnder(place, visited)) {
      if (total() >= bytes) break;
      const text = usableLines(file);
      if (text.length === 0) continue;
      const smallest = sizes.indexOf(Math.min(...sizes));
      const content = Buffer.from(`${text.join('\n')}\n`);
      writeSync(handles[smallest]!, content);
      sizes[smallest]! += content.length;
      files += 1;
      lines += text.length;
    }
  }
  for (const handle of handles) closeSync(handle);
  if (total() < bytes) throw new Error(`only ${Math.round(total() / 1e6)} MB of text are found in ${places.join(', ')}`);
  return { files, lines, bytes: total(), parts: names };
}

function* filesUnder(directory: string, visited: Set<string>): Generator<string> {
  if (visited.has(directory)) return;
  visited.add(directory);
  let entries: ReturnType<typeof list>;
  try {
    entries = list(directory);
  } catch {
    return; // not there, or not for us to read
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path, visited);
    else if (entry.isFile()) yield path;
  }
}

function list(directory: string) {
  return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function usableLines(file: string): string[] {
  try {
    const { size } = statSync(file);
    if (size === 0 || size > largestFile) return [];
    const content = readFileSync(file);
    if (content.subarray(0, 4096).includes(0) || !isUtf8(content)) return [];
    const text = content.toString('utf8');
    if (text.includes('\0')) return [];
    return text.split('\n').filter((line) => line !== '' && line.length <= longestLine);
  } catch {
    return []; // gone meanwhile, or not for us to read
  }
}
