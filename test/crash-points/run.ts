import { createHash } from 'node:crypto';
import type { SimulatedDisk } from '#platform';
import { checkDisk } from './check.ts';
import { type CrashState, crashStates, diskWith, type PendingChange, Platter } from './crash-states.ts';
import type { Moment } from './expectations.ts';
import { type Recording, record } from './script.ts';
import type { Content } from './trace.ts';

/** A state of the disk that a power cut could leave, and what has to hold then. */
export interface CrashPoint {
  /** From 1 on, over all states of a recording. */
  readonly number: number;
  /** How many operations had been done. */
  readonly position: number;
  readonly pending: readonly PendingChange[];
  readonly state: CrashState;
  readonly content: Content;
  readonly moment: Moment;
}

export interface WrongState {
  readonly seed: number;
  readonly number: number;
  readonly label: string;
  readonly what: string;
}

export interface CrashPointsResult {
  operations: number;
  /** All that the recording has, or as many as were gone through. */
  states: number;
  /** Those that were opened; the others are repetitions, the same in content and in what has to hold. */
  checked: number;
  /** Partitions that were refused, all of them where there was garbage. */
  refused: number;
  wrong: WrongState[];
}

/** Which of the states: every `stride`-th, beginning with `offset`. */
export interface Share {
  readonly stride: number;
  readonly offset: number;
}

/** The crash points of a recording, in order, but for repetitions. Ends with how many states there are. */
export function* crashPoints({ recorder, expectations }: Recording, { stride, offset }: Share): Generator<CrashPoint, number> {
  const platter = new Platter(recorder.base, recorder.directories);
  const { moments } = expectations;
  const seen = new Set<string>();
  let number = 0;
  let next = 0;
  for (let position = 0; position <= recorder.entries.length; position++) {
    if (position > 0) platter.play(recorder.entries[position - 1]!);
    while (next < moments.length && moments[next]!.position <= position) next++;
    for (const state of crashStates(platter.pending)) {
      if (number++ % stride !== offset) continue;
      const content = platter.after(state);
      const key = `${next} ${keyOf(content)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { number, position, pending: platter.pending, state, content, moment: moments[next - 1]! };
    }
  }
  return number;
}

/** Checks the crash points of the run that a seed makes. */
export async function checkCrashPoints(
  seed: number,
  share: Share,
  { onProgress, spoil }: { onProgress?: (result: CrashPointsResult) => void; spoil?: (disk: SimulatedDisk) => void } = {},
): Promise<CrashPointsResult> {
  const recording = await record(seed, spoil ? { spoil } : {});
  const result: CrashPointsResult = { operations: recording.recorder.entries.length, states: 0, checked: 0, refused: 0, wrong: [] };
  const points = crashPoints(recording, share);
  let next = points.next();
  for (; !next.done; next = points.next()) {
    const { number, content, moment, state } = next.value;
    const { wrong, refused } = await checkDisk(diskWith(content), moment, state.hasGarbage);
    result.checked++;
    result.states = number;
    result.refused += refused;
    if (wrong !== undefined) result.wrong.push({ seed, number, label: state.label(), what: wrong });
    if (result.checked % 250 === 0) onProgress?.(result);
  }
  result.states = next.value;
  return result;
}

const digests = new WeakMap<Buffer, string>();

function digestOf(bytes: Buffer): string {
  let digest = digests.get(bytes);
  if (digest === undefined) {
    digest = createHash('sha1').update(bytes).digest('base64');
    digests.set(bytes, digest);
  }
  return digest;
}

function keyOf(content: Content): string {
  let text = '';
  for (const { path, bytes } of content.paths()) text += `${path}\0${bytes ? digestOf(bytes) : ''}\0`;
  return createHash('sha1').update(text).digest('base64');
}
