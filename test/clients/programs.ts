import { join } from 'node:path';
import { foreign } from './installed.ts';

/** A client that others wrote, as a program: its command, and what comes before the arguments that all programs of its kind take. */
export interface Program {
  readonly client: string;
  readonly command: string;
  readonly before: readonly string[];
}

/** Undefined where what it needs is not installed. */
type MaybeProgram = Program | undefined;

/** A file of python/. */
export function python(client: string, script: string, ...before: readonly string[]): MaybeProgram {
  if (foreign.python === undefined) return undefined;
  return { client, command: foreign.python, before: [join(import.meta.dirname, 'python', script), ...before] };
}

/** A class of java/. */
export function java(client: string, mainClass: string, ...before: readonly string[]): MaybeProgram {
  const { kafkaTools, javaPrograms } = foreign;
  if (kafkaTools === undefined || javaPrograms === undefined) return undefined;
  const options = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  return { client, command: 'java', before: [...options, '-cp', `${javaPrograms}:${kafkaTools}/*`, mainClass, ...before] };
}

/** What is built of go/. */
export function go(client: string, binary: 'franz' | 'franzTransactions' | 'sarama', ...before: readonly string[]): MaybeProgram {
  const command = foreign[binary];
  return command === undefined ? undefined : { client, command, before };
}

/** A file of node/. */
export function node(client: string, script: string, ...before: readonly string[]): MaybeProgram {
  return { client, command: process.execPath, before: [join(import.meta.dirname, 'node', script), ...before] };
}

/** Those that are there. */
export function installed(programs: readonly MaybeProgram[]): Program[] {
  return programs.filter((program) => program !== undefined);
}
