import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { blocksOf } from '../support/pages.ts';
import { succeed } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(import.meta.dirname, '.cache');

/** What of a service is looked at here. */
export interface Service {
  readonly hostname?: string;
  readonly image?: string;
  readonly build?: string;
  readonly command?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** compose.yaml, its merges carried out. */
export function readCompose(): Promise<ComposeFile> {
  return parseCompose(readFileSync(join(root, 'compose.yaml'), 'utf8'));
}

export async function parseCompose(text: string): Promise<ComposeFile> {
  const { parse } = await tool<{ parse(text: string, options: object): ComposeFile }>('yaml', 'dist/index.js');
  return parse(text, { merge: true });
}

/** The Compose file of the page of migration. */
export function migratedCompose(): string {
  const [block, ...others] = blocksOf('docs/migration.md').filter(({ note }) => note === 'run by test/deployment/namespaces.test.ts');
  if (block === undefined || others.length > 0) throw new Error('docs/migration.md has not one Compose file for this test');
  return block.code;
}

/** The file as docker compose sees it: everything that may be left out is there, and paths are whole. */
export interface Project {
  readonly services: Readonly<Record<string, ProjectService>>;
}

export interface ProjectService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string; readonly target: number }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string; readonly read_only?: boolean }[];
}

export const hasGo = spawnSync('go', ['version']).status === 0;

/** Builds the program that reads such files by compose-go, which docker compose reads them with. @returns its path */
export async function buildComposeReader(folder: string): Promise<string> {
  const program = join(folder, 'read-compose');
  await succeed('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'compose-go'), timeoutMs: 300_000 });
  return program;
}

async function tool<T>(name: string, file: string): Promise<T> {
  await install();
  const module = (await import(pathToFileURL(join(cache, 'node_modules', name, file)).href)) as { default: T };
  return module.default;
}

async function install(): Promise<void> {
  if (existsSync(join(cache, 'node_modules', 'yaml'))) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await succeed('npm', ['install', ...flags, 'yaml@2.8.1'], { cwd: cache, timeoutMs: 120_000 });
}
