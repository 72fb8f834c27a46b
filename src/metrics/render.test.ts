import { describe, expect, test } from 'vitest';
import { DurationHistogram } from '#platform';
import { counter, gauge, histogram, type MetricDefinition, summary } from './definition.ts';
import { type Format, render } from './render.ts';
import { Sheet } from './sheet.ts';

const written = counter('written_total', 'broker', ['topic'], 'Records that were written.');
const size = gauge('size', 'broker', ['topic', 'partition'], 'Bytes.');
const nothing = gauge('nothing', 'broker', [], 'Has no value.');
const times = histogram('times_seconds', 'broker', ['api'], 'How long.');
const lately = summary('lately', 'broker', [], 'How long lately.');

function written3(): Sheet {
  const sheet = new Sheet();
  sheet.set(written, 3n, 'a "quoted" \\ name\nof two lines');
  return sheet;
}

async function text(
  sheet: Sheet,
  definitions: readonly MetricDefinition[],
  format: Format = 'prometheus',
  breathe = async () => {},
): Promise<string> {
  return render(sheet.families(definitions), format, breathe);
}

describe('a page', () => {
  test('announces what has a value, and escapes what labels hold', async () => {
    expect(await text(written3(), [written, nothing])).toBe(
      '# HELP written_total Records that were written.\n# TYPE written_total counter\nwritten_total{topic="a \\"quoted\\" \\\\ name\\nof two lines"} 3\n',
    );
  });

  test('in OpenMetrics names a counter without its ending, and says where it ends', async () => {
    const page = await text(written3(), [written], 'openmetrics');

    expect(page.split('\n').filter((line) => !line.startsWith('written_total{'))).toEqual([
      '# HELP written Records that were written.',
      '# TYPE written counter',
      '# EOF',
      '',
    ]);
    expect(page).toContain('\nwritten_total{');
  });

  test('has durations in seconds, up to each edge and beyond', async () => {
    const seen = new DurationHistogram();
    for (const ms of [0.5, 3, 3, 20_000]) seen.observe(ms);
    const sheet = new Sheet();
    sheet.durations(times, seen, 'Produce');

    const lines = (await text(sheet, [times])).split('\n');

    expect(lines).toContain('times_seconds_bucket{api="Produce",le="0.001"} 1');
    expect(lines).toContain('times_seconds_bucket{api="Produce",le="0.005"} 3');
    expect(lines).toContain('times_seconds_bucket{api="Produce",le="10"} 3');
    expect(lines).toContain('times_seconds_bucket{api="Produce",le="+Inf"} 4');
    expect(lines).toContain('times_seconds_count{api="Produce"} 4');
    expect(lines).toContain('times_seconds_sum{api="Produce"} 20.0065');
  });

  test('has quantiles as labels', async () => {
    const sheet = new Sheet();
    sheet.quantiles(lately, [['0.50', 1.5]], { sum: 3, count: 2 });

    expect(await text(sheet, [lately])).toContain('summary\nlately{quantile="0.50"} 1.5\nlately_sum 3\nlately_count 2\n');
  });

  test('of many lines is written part by part, and reads as if it had not been', async () => {
    const sheet = new Sheet();
    for (let partition = 0; partition < 1234; partition++) sheet.set(size, partition, 'orders', partition);
    let breaths = 0;

    const page = await text(sheet, [size], 'prometheus', async () => void breaths++);

    expect(breaths).toBe(3);
    const expected = Array.from({ length: 1234 }, (_, i) => `size{topic="orders",partition="${i}"} ${i}`);
    expect(page).toBe(`${['# HELP size Bytes.', '# TYPE size gauge', ...expected].join('\n')}\n`);
  });

  test('is not begun with labels that are too few', () => {
    expect(() => new Sheet().set(size, 1, 'orders')).toThrow('size has the labels topic, partition');
  });
});
