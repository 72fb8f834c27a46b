import { type ErrorName, errorSentence, isRetriable } from '#protocol';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';

/** Refusals of what was asked for: trying again will not help. */
const usageErrors: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REPLICA_ASSIGNMENT',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'POLICY_VIOLATION',
]);

/** An error of a cluster's answer as the end of a command. */
export function kafkaFailure(subject: string, name: ErrorName, message?: string | null): CliError {
  return new CliError(`${subject}: ${withStop(message || errorSentence(name))} (${name})`, exitCodeOf(name));
}

function exitCodeOf(name: ErrorName): ExitCode {
  if (name === 'UNKNOWN_TOPIC_OR_PARTITION' || name === 'UNKNOWN_TOPIC_ID') return exitCodes.notFound;
  if (usageErrors.has(name)) return exitCodes.usage;
  // A change that timed out may have been made: that is a failure, and no reason to try it again unseen.
  return isRetriable(name) && name !== 'REQUEST_TIMED_OUT' ? exitCodes.notReady : exitCodes.failed;
}

function withStop(text: string): string {
  return text.replace(/[.:]?$/, '.');
}
