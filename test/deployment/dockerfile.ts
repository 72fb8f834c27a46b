import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { succeed } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a container of the image is started with. */
export interface Image {
  /** What the image has on top of this machine, which stands in for the base image. */
  readonly layer: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly directory: string;
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly layer: string;
  readonly environment: Record<string, string>;
  user: string;
  directory: string;
  readonly volumes: string[];
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
}

/** The user that Node's images have beside the administrator. */
export const nodeUser = 1000;

/**
 * Carries out the steps of the repository's Dockerfile. A stage is an overlay over this machine's files, with the Node that runs the tests in the place of
 * the base image's, so that nothing outside of `folder` changes.
 * @throws when a step fails, or is of a kind that is not known here
 */
export async function buildImage(folder: string): Promise<Image> {
  const stages: Stage[] = [];
  for (const line of readFileSync(join(root, 'Dockerfile'), 'utf8').split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, word = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (word === 'FROM') stages.push(newStage(rest, folder, stages.length));
    else await carryOut(word, rest, stages.at(-1)!, stages, folder);
  }
  const { name: _, ...image } = stages.at(-1)!;
  return image;
}

/** Mounts what is in the `upper` of the folder over this machine's files; changes go there too. @returns where the whole is */
export async function mountOver(folder: string): Promise<string> {
  const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => join(folder, name)) as [string, string, string];
  for (const directory of [upper, work, merged]) mkdirSync(directory, { recursive: true });
  await succeed('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, merged]);
  for (const system of ['proc', 'dev']) await succeed('mount', ['--bind', `/${system}`, join(merged, system)]);
  return merged;
}

/** Undoes {@link mountOver}, whatever still uses it. */
export async function unmount(folder: string): Promise<void> {
  const merged = join(folder, 'merged');
  for (const mounted of [join(merged, 'dev'), join(merged, 'proc'), merged]) {
    await succeed('umount', ['--lazy', mounted]).catch(() => {});
  }
}

function newStage(from: string, folder: string, index: number): Stage {
  const [, base, name = ''] = /^(\S+)(?: AS (\S+))?$/.exec(from)!;
  if (!base!.startsWith('node:24')) throw new Error(`FROM ${from}: this machine can stand in for an image of Node 24 only`);
  const stageFolder = join(folder, `stage-${index}`);
  const layer = join(stageFolder, 'upper');
  mkdirSync(join(layer, 'usr', 'local', 'bin'), { recursive: true });
  cpSync(process.execPath, join(layer, 'usr', 'local', 'bin', 'node'), { dereference: true });
  return { name, layer, environment: {}, user: 'root', directory: '/', volumes: [], entrypoint: [], command: [], healthcheck: [] };
}

async function carryOut(word: string, rest: string, stage: Stage, stages: readonly Stage[], folder: string): Promise<void> {
  switch (word) {
    case 'WORKDIR':
      stage.directory = rest;
      mkdirSync(join(stage.layer, rest), { recursive: true });
      return;
    case 'COPY':
      return copy(rest, stage, stages);
    case 'RUN':
      return runStep(rest, stage, folder);
    case 'ENV': {
      const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(rest)!;
      stage.environment[name!] = value!;
      return;
    }
    case 'USER':
      stage.user = rest;
      return;
    case 'VOLUME':
      stage.volumes.push(rest);
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[];
      return;
    case 'CMD':
      stage.command = JSON.parse(rest) as string[];
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4)) as string[];
      return;
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return;
    default:
      throw new Error(`${word} ${rest}: no such step is known here`);
  }
}

function copy(rest: string, stage: Stage, stages: readonly Stage[]): void {
  const [, from, files] = /^(?:--from=(\S+) )?(.*)$/.exec(rest)!;
  const names = files!.split(' ');
  const target = names.pop()!;
  const source = from === undefined ? root : stages.find(({ name }) => name === from)!.layer;
  const into = join(stage.layer, target.startsWith('/') ? target : join(stage.directory, target));
  const isFolder = target.endsWith('/') || target.endsWith('.');
  for (const name of names) {
    const path = join(source, name);
    if (!existsSync(path)) throw new Error(`COPY ${rest}: ${name} is not there`);
    const to = isFolder && name !== '.' ? join(into, basename(name)) : into;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(path, to, { recursive: true, filter: (file) => from !== undefined || isInContext(relative(root, file)) });
  }
}

/** As .dockerignore says: the last line that speaks of a path, or of a folder above it, counts. */
function isInContext(path: string): boolean {
  if (path === '') return true;
  let isIn = true;
  for (const line of readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')) {
    const [, no, pattern = ''] = /^(!?)(.*)$/.exec(line.trim())!;
    if (pattern === '') continue;
    const speaksOfIt = pattern === '**' || path === pattern || path.startsWith(`${pattern}/`);
    // A folder is entered for what is in it.
    if (speaksOfIt || (no === '!' && pattern.startsWith(`${path}/`))) isIn = no === '!';
  }
  return isIn;
}

async function runStep(command: string, stage: Stage, folder: string): Promise<void> {
  const stageFolder = dirname(stage.layer);
  const merged = await mountOver(stageFolder);
  try {
    // The base image has this user; this machine need not.
    const script = command.replaceAll('node:node', `${nodeUser}:${nodeUser}`);
    const env = { ...stage.environment, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
    await succeed('chroot', [merged, '/bin/sh', '-ec', `cd ${stage.directory}; ${script}`], { env, timeoutMs: 300_000 });
  } finally {
    await unmount(stageFolder);
    rmSync(join(folder, 'work'), { recursive: true, force: true });
  }
}
