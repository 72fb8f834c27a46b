import type { SingleBar } from 'cli-progress';

/** A bar on stderr with rate and time left, where somebody looks at it. */
export interface Progress {
  at(done: number): void;
  /** Takes care that what is written to stderr next begins on a line of its own. */
  end(): void;
}

const nobodyLooks: Progress = { at: () => {}, end: () => {} };

/** @param total of what; offsets, say. Zero shows nothing. */
export async function progressBar(what: string, total: number, stream: NodeJS.WriteStream = process.stderr): Promise<Progress> {
  if (!stream.isTTY || total <= 0) return nobodyLooks;
  const { default: cliProgress } = await import('cli-progress');
  const bar: SingleBar = new cliProgress.SingleBar(
    {
      stream,
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
  const startedAt = process.uptime();
  return {
    at: (done) => bar.update(done, { rate: Math.round(done / Math.max(0.001, process.uptime() - startedAt)) }),
    end: () => bar.stop(),
  };
}
