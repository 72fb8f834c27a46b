import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Program, runMain } from '#cli/testing.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';

const launcher = fileURLToPath(new URL('../../kafka-lite-cluster', import.meta.url));

describe.runIf(areForeignClientsWanted)('completion in shells', { timeout: 60_000 }, () => {
  let broker: Program;
  let directory: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    broker = runMain(['broker', '--id=1', '--port=0', '--memory', '--log-level=silent']);
    await broker.until('running on :');
    const server = `localhost:${/:(\d+)\n/.exec(broker.output)?.[1]}`;
    directory = mkdtempSync(join(tmpdir(), 'kafka-lite-test-'));
    mkdirSync(join(directory, 'bin'));
    mkdirSync(join(directory, 'functions'));
    const command = join(directory, 'bin', 'kafka-lite-cluster');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`);
    chmodSync(command, 0o755);
    writeFileSync(join(directory, 'a-file.properties'), '');
    env = {
      PATH: `${join(directory, 'bin')}:${process.env['PATH']}`,
      HOME: directory,
      XDG_CONFIG_HOME: directory,
      KAFKA_BOOTSTRAP_SERVERS: server,
      TERM: 'dumb',
      COLUMNS: '200',
    };
    for (const topic of ['first-topic', 'other']) {
      const create = runMain(['topic', 'create', topic, '-b', server]);
      create.endInput();
      expect(await create.ended, create.errors).toBe(0);
    }
    for (const [shell, file] of [
      ['zsh', 'functions/_kafka-lite-cluster'],
      ['fish', 'kafka-lite-cluster.fish'],
    ] as const) {
      const printing = runMain(['completion', shell]);
      printing.endInput();
      await printing.ended;
      writeFileSync(join(directory, file), printing.output);
    }
  }, 60_000);
  afterAll(async () => {
    broker?.signal('SIGKILL');
    await broker?.ended;
    rmSync(directory, { recursive: true, force: true });
  });

  /** What is typed before Tab, and how the line goes on or what is listed. */
  const cases = [
    { typed: 'top', completed: ['topic'] },
    { typed: 'topic de', completed: ['delete', 'describe'] },
    { typed: 'topic describe f', completed: ['first-topic'] },
    { typed: 'consume --isol', completed: ['--isolation-level'] },
    { typed: 'produce other -z z', completed: ['zstd'] },
    { typed: 'up --properties a-f', completed: ['a-file.properties'] },
  ];

  describe.runIf(foreign.fish !== undefined)('fish', () => {
    test.each(cases)('completes $typed', ({ typed, completed }) => {
      const script = `source ${directory}/kafka-lite-cluster.fish; complete -C 'kafka-lite-cluster ${typed}'`;
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env, cwd: directory });

      expect(stderr).toBe('');
      const lines = stdout.trim().split('\n');
      expect(lines.map((line) => line.split('\t')[0])).toEqual(completed);
    });

    test('says what a command is for', () => {
      const script = `source ${directory}/kafka-lite-cluster.fish; complete -C 'kafka-lite-cluster topic li'`;
      expect(spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env }).stdout).toBe('list\tthe names of all topics\n');
    });
  });

  describe.runIf(foreign.zsh !== undefined).each([
    { how: 'sourced', read: 'autoload -Uz compinit; compinit -u -D; source <(kafka-lite-cluster completion zsh)' },
    { how: 'in a folder of $fpath', read: 'fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u -D' },
  ])('zsh, $how', ({ read }) => {
    let zsh: Program;

    beforeAll(async () => {
      zsh = new Program('script', ['-qec', 'exec zsh -f -i', '/dev/null'], { env, cwd: directory });
      // The echo of what is typed does not hold what is waited for.
      zsh.type(`unsetopt zle_bracketed_paste 2>/dev/null; PS1='> '; ${read}; print REA''DY\n`);
      await zsh.until('READY');
    });
    afterAll(async () => {
      zsh?.signal('SIGKILL');
      await zsh?.ended;
    });

    test.each(cases)('completes $typed', async ({ typed, completed }) => {
      const before = zsh.output.length;
      const times = (text: string) => zsh.output.slice(0, before).split(text).length - 1;
      const expected = completed.length === 1 ? `${typed.slice(0, typed.lastIndexOf(' ') + 1)}${completed[0]}` : completed.join();
      zsh.type(`kafka-lite-cluster ${typed}\t`);
      if (completed.length === 1) await zsh.until(` ${expected}`, { times: times(` ${expected}`) + 1 });
      else for (const word of completed) await zsh.until(word, { times: times(word) + 1 });
      // Ctrl-U: nothing of it is run.
      zsh.type('\u0015');
    });
  });
});
