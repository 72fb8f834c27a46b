import { expect, test } from 'vitest';
import { longestPause, percentile, summarize } from './pauses.ts';

test.each([
  { times: [90, 150, 160], pause: 50, because: 'the wait begins with the kill' },
  { times: [90, 101, 400, 410], pause: 299, because: 'an acknowledgement that was on its way ends no wait' },
  { times: [90, 150, 160, 700], pause: 540, because: 'a later gap counts as well' },
  { times: [90], pause: 900, because: 'none came' },
  { times: [90, 150, 1500], pause: 50, because: 'what comes after the end is of the next kill' },
])('acknowledgements at $times with a kill at 100 make a pause of $pause: $because', ({ times, pause }) => {
  expect(longestPause(times, 100, 1000)).toBe(pause);
});

test('percentiles are values that were measured', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  expect([50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
});

test('the worst p99 is that of the slowest client over all kills', () => {
  const kill = (why: string, own: number, http: number) => ({
    why,
    pauses: new Map([
      ['own', own],
      ['http', http],
    ]),
  });

  const { worstP99, table } = summarize([kill('leader', 100, 200), kill('controller', 50, 900)]);

  expect(worstP99).toBe(900);
  expect(table).toContain('http    all             2  200  900  900');
});
