import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Program, runMain, runMainInShell, runMainInTerminal } from '../testing.ts';

describe('produce and consume, with a broker', { timeout: 60_000 }, () => {
  let broker: Program;
  let server: string;

  beforeAll(async () => {
    broker = runMain(['broker', '--id=1', '--port=0', '--memory', '--log-level=silent', '--config=transaction.state.log.num.partitions=1']);
    await broker.until('running on :');
    server = `-b=localhost:${/:(\d+)\n/.exec(broker.output)?.[1]}`.replace('=', '');
    for (const topic of ['orders', 'copy', 'typed', 'kept']) await run('', 'topic', 'create', topic, '--partitions=3');
  }, 60_000);
  afterAll(async () => {
    broker.signal('SIGKILL');
    await broker.ended;
  });

  async function run(input: string | Buffer, ...args: string[]) {
    const program = runMain([...args, server]);
    program.process.stdin!.end(input);
    const code = await program.ended;
    return { code, output: program.output, errors: program.errors };
  }

  const lines = [
    {
      partition: 0,
      timestamp: 1000,
      key: 'a',
      value: 'one',
      headers: [
        ['h', '1'],
        ['h', '2'],
      ],
    },
    { partition: 0, timestamp: 1001, key: { base64: '//4=' }, value: { base64: 'AP8=' }, headers: [['h', null]] },
    { partition: 2, timestamp: 1002, key: null, value: null, headers: [] },
    { partition: 2, timestamp: -1, key: '', value: '', headers: [['ü', { base64: '/w==' }]] },
  ];
  const asNdjson = (records: object[]) => records.map((each) => `${JSON.stringify(each)}\n`).join('');
  const parsed = (output: string) =>
    output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('what is written as ndjson is read as it was, and goes through a pipe once however often it is sent', async () => {
    expect(await run(asNdjson(lines), 'produce', 'orders', '-i', 'ndjson', '--keep-partitions')).toEqual({
      code: 0,
      output: '',
      errors: 'Wrote 4 records to orders.\n',
    });

    const { output } = await run('', 'consume', 'orders', '-e', '-o', 'ndjson');
    const read = parsed(output).sort((a, b) => a.partition - b.partition);
    expect(read).toEqual(lines.map((line, index) => ({ topic: 'orders', offset: index % 2, ...line })));

    const copying = ['produce', 'copy', '-i', 'ndjson', '--keep-partitions', '--resume=once', '--json'];
    const half = output.slice(0, output.indexOf('\n', output.indexOf('\n') + 1) + 1);
    expect((await run(half, ...copying)).output).toBe('{"topic":"copy","written":2,"skipped":0}\n');
    expect((await run(output, ...copying)).output).toBe('{"topic":"copy","written":2,"skipped":2}\n');
    expect((await run(output, ...copying)).output).toBe('{"topic":"copy","written":0,"skipped":4}\n');
    const copied = parsed((await run('', 'consume', 'copy', '-e', '-o', 'ndjson')).output).sort((a, b) => a.partition - b.partition);
    expect(copied.map(({ offset, topic, ...rest }) => rest)).toEqual(lines);
    expect(await run(output, ...copying.map((each) => each.replace('once', 'twice')))).toMatchObject({
      code: 1,
      errors: expect.stringContaining('copy has records already, and the target knows of no copy "twice"'),
    });
    expect(await run(output.replaceAll('"orders"', '"other"'), ...copying)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('is of orders'),
    });
  });

  test('lines have keys, tombstones and headers, and are read by place, count and format', async () => {
    await run('a:1\nb:\nplain\n', 'produce', '-t', 'typed', '-K', ':', '-Z', '-H', 'x=y', '-p', '1', '--timestamp=5000', '-z', 'zstd');

    const format = ['-f', '%p %o %k=%v %h %T\\n', '--null=NULL'];
    expect((await run('', 'consume', 'typed', '-e', ...format)).output).toBe(
      '1 0 a=1 x=y 5000\n1 1 b=NULL x=y 5000\n1 2 NULL=plain x=y 5000\n',
    );
    expect((await run('', 'consume', 'typed', '-p', '1', '-o', '-1', '-e')).output).toBe('plain\n');
    expect((await run('', 'consume', 'typed', '-p', '1', '-o', '1', '-c', '1', '-f', '%k')).output).toBe('b');
    expect((await run('', 'consume', 'typed', '--offset=@5001', '-e')).output).toBe('');
    expect(JSON.parse((await run('', 'consume', 'typed', '-e', '-o', 'json', '--until=@5000')).output)).toEqual([]);
    expect((await run('', 'consume', 'typed', '-e', '-g', 'readers', '-f', '%v|')).output).toBe('1||plain|');
    expect((await run('', 'consume', 'typed', '-e', '-g', 'readers', '-f', '%v|')).output).toBe('');
    expect(await run('{"value":"x"}\n{"valu', 'produce', 'typed', '-i', 'ndjson')).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/Wrote 1 record|Line 2 of the input: the input ends in the middle of a record/),
    });
    expect((await run(Buffer.from([0xff, 10, 0]), 'produce', 'typed', '-i', 'raw', '-p', '0')).code).toBe(0);
    expect((await run('', 'consume', 'typed', '-p', '0', '-o', '-1', '-e', '-f', '%v{hex}')).output).toBe('ff0a00');
  });

  test('tail shows the last records and those that arrive, and ends with 130 on Ctrl-C', async () => {
    await run('', 'topic', 'create', 'live', '--partitions=1');
    await run('old\nlast\n', 'produce', 'live');
    const tail = runMain(['tail', 'live', '-n', '1', server]);
    await tail.until('last\n');

    await run('new\n', 'produce', 'live');

    await tail.until('new\n');
    tail.signal('SIGINT');
    expect(await tail.ended).toBe(130);
    expect(tail.output).toBe('last\nnew\n');
    expect(tail.errors).toBe('');
  });

  test.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'on a terminal a copy shows how far it is, with rate and time left',
    async () => {
      await run('', 'topic', 'create', 'shown', '--partitions=1');
      await run('a\nb\n', 'produce', 'shown');

      const program = runMainInTerminal(['topic', 'copy', 'shown', 'shown-again', server]);

      expect(await program.ended).toBe(0);
      expect(program.output).toMatch(/shown -> shown-again =+ 100% \| 2\/2 \| \d+\/s \| \S+ left/);
      expect(program.output).toContain('Copied 2 records of shown to shown-again.');
      expect((await run('', 'topic', 'copy', 'shown', 'shown-again')).errors).toBe(
        'Copied 0 records of shown to shown-again: all that there are were copied by an earlier run.\n',
      );
    },
  );

  test.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'on a terminal writing a file shows how much of it is read, with rate and time left; elsewhere nothing does',
    async () => {
      await run('', 'topic', 'create', 'filed', '--partitions=1');
      const directory = mkdtempSync(join(tmpdir(), 'kafka-lite-test-'));
      const file = join(directory, "it's a file");
      try {
        writeFileSync(file, 'x'.repeat(99).concat('\n').repeat(2_000));

        const program = runMainInTerminal(['produce', 'filed', server], { input: file });

        expect(await program.ended).toBe(0);
        expect(program.output).toMatch(/filed =+ 100% \| 200\.0 kB\/200\.0 kB \| [\d.]+ [kM]?B\/s \| \S+ left/);
        expect(program.output).toContain('Wrote 2000 records to filed.');
      } finally {
        rmSync(directory, { recursive: true });
      }
      expect((await run('one\n', 'produce', 'filed')).errors).toBe('Wrote 1 record to filed.\n');
    },
  );

  // cmd.exe has no `< directory`.
  test.skipIf(process.platform === 'win32')('a directory is no input', async () => {
    const program = runMainInShell(['produce', 'typed', server], '< .');
    expect(await program.ended).toBe(2);
    expect(program.errors).toContain('The input is a directory. Give a file, as in: kafka-lite-cluster produce typed < records.txt.');
  });

  test.skipIf(spawnSync('script', ['--version']).status !== 0)('who types records is told how to end', async () => {
    const program = runMainInTerminal(['produce', 'typed', server]);
    await program.until('Ctrl-D at the beginning of a line ends.');

    program.type('one\ntwo\n\u0004');

    expect(await program.ended).toBe(0);
    expect(program.output).toContain('Wrote 2 records to typed.');
  });

  test.runIf(existsSync('/dev/full'))(
    'on a disk that is full reading ends with a failure, and nothing is committed for a group',
    async () => {
      await run('one\n', 'produce', 'kept');

      for (const more of [['-e'], ['-e', '-o', 'json'], ['-c', '1'], ['--group=unlucky', '-e']]) {
        const program = runMainInShell(['consume', 'kept', ...more, server], '> /dev/full');
        program.endInput();
        expect(await program.ended, more.join(' ')).toBe(1);
        expect(program.errors).toMatch(/(^|\n)error: the output cannot be written: ENOSPC: [^\n]+\n$/);
      }

      expect((await run('', 'consume', 'kept', '--group=unlucky', '-e')).output).toBe('one\n');
    },
  );

  test('mistakes are named', async () => {
    expect(await run('', 'consume', 'odrers', '-e')).toMatchObject({ code: 3, errors: expect.stringContaining('Did you mean "orders"?') });
    expect(await run('', 'produce', 'orders', '-p', '3')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('orders has 3 partitions'),
    });
    expect(await run('{"value":"a"}\n{"value":', 'produce', 'typed', '-i', 'ndjson')).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/^Wrote 1 record to typed\.\nerror: Line 2 of the input: /),
    });
    expect(await run('', 'consume', 'orders', '-p', '1,3')).toMatchObject({ code: 2, errors: expect.stringContaining('--partition=1,3') });
    expect(await run('', 'consume')).toMatchObject({ code: 2, errors: expect.stringContaining('Name a topic') });
  });
});
