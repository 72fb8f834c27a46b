/** One line of a page of metrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly type: string;
  readonly help: string;
}

const linePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/;
const suffixes: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'], summary: ['_sum', '_count', ''] };

/** A page of metrics as Prometheus reads it, in its old format or in OpenMetrics. */
export class MetricsPage {
  readonly families = new Map<string, Family>();
  readonly samples: readonly Sample[];
  readonly isOpenMetrics: boolean;

  /** @throws where the page is not what the format allows */
  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    this.isOpenMetrics = text.endsWith('\n# EOF\n');
    const samples: Sample[] = [];
    const helps = new Map<string, string>();
    for (const line of text.slice(0, -1).split('\n')) {
      const [, what, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (what === 'HELP') helps.set(name!, rest!);
      else if (what === 'TYPE') {
        if (this.families.has(name!)) throw new Error(`${name} is there twice`);
        if (!helps.has(name!)) throw new Error(`${name} has no HELP`);
        this.families.set(name!, { type: rest!, help: helps.get(name!)! });
      } else if (line !== '' && line !== '# EOF') samples.push(sampleIn(line));
    }
    this.samples = samples;
    const seen = new Set<string>();
    for (const sample of samples) {
      const series = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw new Error(`there are two values of ${series}`);
      seen.add(series);
      this.#familyOf(sample);
    }
    this.#checkHistograms();
  }

  /** The value of the one series that has these labels. @throws when there is none, or more than one */
  value(name: string, labels: Readonly<Record<string, string | number>> = {}): number {
    const found = this.series(name, labels);
    if (found.length !== 1) throw new Error(`${found.length} series are ${name} ${JSON.stringify(labels)}`);
    return found[0]!.value;
  }

  /** The series that have these labels, and maybe others. */
  series(name: string, labels: Readonly<Record<string, string | number>> = {}): Sample[] {
    return this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === String(value)),
    );
  }

  sum(name: string, labels: Readonly<Record<string, string | number>> = {}): number {
    return this.series(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  #familyOf({ name }: Sample): string {
    for (const [family, { type }] of this.families) {
      const names = (suffixes[type] ?? [type === 'counter' && this.isOpenMetrics ? '_total' : '']).map((suffix) => family + suffix);
      if (names.includes(name)) return family;
    }
    throw new Error(`${name} is of no family that was announced`);
  }

  #checkHistograms(): void {
    for (const [name, { type }] of this.families) {
      if (type !== 'histogram') continue;
      const last = new Map<string, number>();
      for (const { labels, value } of this.series(`${name}_bucket`)) {
        const { le, ...rest } = labels;
        const key = JSON.stringify(rest);
        if (value < (last.get(key) ?? 0)) throw new Error(`${name} ${key}: the bucket ${le} holds less than the one before`);
        last.set(key, value);
        if (le === '+Inf' && value !== this.#exactly(`${name}_count`, rest))
          throw new Error(`${name} ${key}: the last bucket is not the count`);
      }
    }
  }

  #exactly(name: string, labels: Readonly<Record<string, string>>): number | undefined {
    const count = Object.keys(labels).length;
    return this.series(name, labels).find((sample) => Object.keys(sample.labels).length === count)?.value;
  }
}

function sampleIn(line: string): Sample {
  const [, name, labelText, valueText] = linePattern.exec(line) ?? [];
  if (name === undefined) throw new Error(`this is no line of metrics: ${line}`);
  const value = { '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY, NaN: Number.NaN }[valueText!] ?? Number(valueText);
  if (Number.isNaN(value) && valueText !== 'NaN') throw new Error(`${valueText} is no number: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, label, text] of (labelText ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (label! in labels) throw new Error(`${label} is there twice: ${line}`);
    labels[label!] = text!.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return { name, labels, value };
}
