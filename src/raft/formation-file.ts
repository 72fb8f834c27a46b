import type { Disk } from '#platform';
import { malformed, readJson, removeFile } from './small-files.ts';
import type { FormationState } from './types.ts';

const formationFile = 'formation.json';

/** What this broker has to remember of its formation; undefined when nothing. @throws Error naming the file when it is damaged */
export function readFormation(disk: Disk, directory: string): FormationState | undefined {
  const path = `${directory}/${formationFile}`;
  const state = readJson(disk, path);
  return state === undefined ? undefined : parseFormation(path, state);
}

/** @throws Error naming the file when it is no formation */
export function parseFormation(path: string, { founded, named }: Record<string, unknown>): FormationState {
  const isAddress = (value: unknown): value is { host: string; port: number } =>
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    'port' in value &&
    typeof value.host === 'string' &&
    Number.isInteger(value.port);
  if (typeof founded !== 'boolean' || !Array.isArray(named) || !named.every(isAddress)) throw malformed(path, 'a field is missing');
  return { founded, named: named.map(({ host, port }) => ({ host, port })) };
}

/** Durable when the promise resolves; undefined removes it. */
export async function writeFormation(disk: Disk, directory: string, formation: FormationState | undefined): Promise<void> {
  if (formation === undefined) await removeFile(disk, directory, formationFile);
  else await disk.replace(`${directory}/${formationFile}`, Buffer.from(JSON.stringify(formation)));
}
