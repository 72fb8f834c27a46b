import type { SingleBar } from 'cli-progress';

/** A bar on stderr with rate and time left, where somebody looks at it. */
export interface Progress {
  at(done: number): void;
  /** Takes care that what is written to stderr next begins on a line of its own. */
  end(): void;
}

const nobodyLooks: Progress = { at: () => {}, end: () => {} };

/** How amounts are written. */
type Shown = (amount: number) => string;

/** @param total of what; offsets, say. Zero shows nothing. */
export async function progressBar(what: string, total: number, shown: Shown = (amount) => String(Math.round(amount))): Promise<Progress> {
  const stream = process.stderr;
  if (!stream.isTTY || total <= 0) return nobodyLooks;
  const { default: cliProgress } = await import('cli-progress');
  const bar: SingleBar = new cliProgress.SingleBar(
    {
      stream,
      formatValue: (value, _, type) => (type === 'value' || type === 'total' ? shown(value) : String(value)),
      format: `${what} {bar} {percentage}% | {value}/{total} | {rate}/s | {eta_formatted} left`,
      etaBuffer: 50,
      hideCursor: true,
      gracefulExit: false,
      barCompleteChar: '=',
      barIncompleteChar: '-',
      fps: 5,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(total, 0, { rate: '?' });
  // Who presses Ctrl-C twice wants the cursor back, too.
  const leave = () => void bar.stop();
  process.on('exit', leave);
  const startedAt = process.uptime();
  return {
    at: (done) => bar.update(done, { rate: shown(done / Math.max(0.001, process.uptime() - startedAt)) }),
    end: () => {
      process.off('exit', leave);
      bar.stop();
    },
  };
}

/** 1.5 MB and the like, in powers of ten. */
export function inBytes(amount: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, amount)) / 3)));
  return `${(amount / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
