import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pinoLogger } from './pino-logger.ts';

function lines(options: Parameters<typeof pinoLogger>[0]): { log: ReturnType<typeof pinoLogger>; written: string[] } {
  const written: string[] = [];
  return { log: pinoLogger({ ...options, destination: { write: (line) => written.push(line) } }), written };
}

test('JSON lines have a time, a level by name, the message and the fields, those of the parent too', () => {
  const { log, written } = lines({ format: 'json' });
  log.child({ broker: 1 }).warn({ offset: 12345678901234567890n, error: new Error('disk gone') }, 'a log directory failed');

  expect(written).toHaveLength(1);
  expect(written[0]).toContain('"offset":12345678901234567890');
  const { time, error, ...rest } = JSON.parse(written[0]!);
  expect(Number.isNaN(Date.parse(time))).toBe(false);
  expect(error).toMatchObject({ type: 'Error', message: 'disk gone' });
  expect(rest).toMatchObject({ level: 'warn', message: 'a log directory failed', broker: 1 });
});

test('lines for people are one line each, whatever the text holds', () => {
  const { log, written } = lines({ format: 'human', level: 'debug' });
  const error = Object.assign(new Error('no\nspace'), { code: 'ENOSPC' });
  log.debug({ topic: 'orders', note: 'two words', empty: '', list: [1, 2], error }, 'forged\n12:00:00 ERROR \u001b[31mline');

  expect(written[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} DEBUG forged\\u000a12:00:00 ERROR \\u001b\[31mline topic=orders note="two words" empty="" list=\[1,2\] error="no\\nspace \[ENOSPC\]"\n$/,
  );
});

test('a level keeps the lower ones out', () => {
  const { log, written } = lines({ level: 'warn', format: 'json' });
  log.info({}, 'not said');
  log.error({}, 'said');
  expect(written).toHaveLength(1);
});

test('by default lines go to stderr, as JSON where it is no terminal, and are there when the process dies at once', () => {
  const program = `
    import { pinoLogger } from ${JSON.stringify(new URL('./pino-logger.ts', import.meta.url).href)};
    pinoLogger().info({ a: 1 }, 'last words');
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });

  expect(stdout).toBe('');
  expect(JSON.parse(stderr)).toMatchObject({ level: 'info', message: 'last words', a: 1 });
});

test.runIf(existsSync('/dev/full'))('a program whose lines cannot be written goes on without them', () => {
  const program = `
    import { pinoLogger } from ${JSON.stringify(new URL('./pino-logger.ts', import.meta.url).href)};
    const log = pinoLogger();
    for (let i = 0; i < 10_000; i++) log.info({ text: 'x'.repeat(1000) }, 'not heard');
    await new Promise(setImmediate);
    console.log('alive');`;
  const full = openSync('/dev/full', 'w');
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', full],
  });
  closeSync(full);

  expect({ stdout, status }).toEqual({ stdout: 'alive\n', status: 0 });
});

test('pino is not loaded before a logger is made', () => {
  const program = `
    import { createRequire } from 'node:module';
    const { nodePlatform, pinoLogger } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
    nodePlatform();
    const cache = createRequire(import.meta.url).cache;
    const loaded = () => Object.keys(cache).some((path) => path.includes('/pino/'));
    console.log(loaded());
    pinoLogger();
    console.log(loaded());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(stdout).toBe('false\ntrue\n');
});
