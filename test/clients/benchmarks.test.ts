import { describe, expect, test } from 'vitest';
import { blocksOf } from '../support/pages.ts';
import { runAsNpm, withoutNpm } from '../support/shown-commands.ts';
import { areThoroughTestsWanted, foreign } from './installed.ts';

const lines = blocksOf('docs/operating/performance.md')
  .filter(({ note }) => note === 'run by test/clients/benchmarks.test.ts')
  .flatMap(({ code }) => code.trimEnd().split('\n'));

/** What each program takes in place of an hour, and what it prints when it has measured both sides. */
const cuts: readonly { program: string; shorter: readonly [shown: RegExp, instead: string][]; more: string; says: RegExp }[] = [
  {
    program: 'node benchmarks/beside-kafka.ts',
    shorter: [
      [/--brokers [\d,]+/, '--brokers 1'],
      [/--records \d+/, '--records 2000'],
      [/--rounds \d+/, ''],
      [/--rate \d+/, '--rate 1000'],
    ],
    more: '--rounds 1',
    says: /^1 broker\(s\), replication factor 1, 1000 B: throughput [\d.]+ x Kafka's, CPU per GB [\d.]+ x$/m,
  },
  {
    program: 'node --disable-warning=TimeoutNegativeWarning benchmarks/groups.ts',
    shorter: [[/--rounds \d+/, '--rounds 1']],
    more: '--groups 5 --rate 100 --seconds 1',
    says: /^Apache Kafka.*, round 1: 5 groups of 3 formed in [\d.]+ s\n {2}commits: [1-9]\d* of 100 \/s acknowledged/m,
  },
  {
    program: 'node --disable-warning=TimeoutNegativeWarning benchmarks/embedded.ts',
    shorter: [[/--kafka/, '--kafka']],
    more: '--rounds 1 --brokers 1',
    says: /^ {2}ratio: ready \d+ times as soon/m,
  },
  {
    program: 'node benchmarks/consume.ts',
    shorter: [],
    more: '--records 1000 --rounds 1',
    says: /^consume, 1000 B: throughput [\d.]+ x Kafka's/m,
  },
  { program: 'node benchmarks/http-produce.ts', shorter: [], more: '--seconds 0.2', says: /^forwarded, round 2: [1-9]\d* requests\/s/m },
];

test('each line of the page is one that is cut down here, or the installation without which these do not run', () => {
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const command = withoutNpm(line);
    if (command === 'bash test/clients/install.sh') continue;
    const cut = cuts.find(({ program }) => command.startsWith(program));
    expect(cut, `${command}: no rule cuts it down`).toBeDefined();
    for (const [flag] of command.matchAll(/--\S+ [\d,]+/g))
      expect(flag.startsWith('--sizes') || cut!.shorter.some(([shown]) => shown.test(flag)), `${command}: no rule cuts ${flag} down`).toBe(
        true,
      );
  }
});

describe.runIf(areThoroughTestsWanted && foreign.kafkaTools !== undefined)('the page of measurements', { timeout: 400_000 }, () => {
  const measuring = lines.filter((line) => withoutNpm(line) !== 'bash test/clients/install.sh');

  test.each(measuring)('%s', async (line) => {
    const command = withoutNpm(line);
    const { shorter, more, says } = cuts.find(({ program }) => command.startsWith(program))!;

    const short = shorter.reduce((so, [shown, instead]) => so.replace(shown, instead), command);
    const ended = await runAsNpm(`${short} ${more}`, 390_000);

    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(says);
  });
});
