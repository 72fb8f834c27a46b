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
  'INVALID_GROUP_ID',
  'OFFSET_METADATA_TOO_LARGE',
]);

const notFound: ReadonlySet<ErrorName> = new Set<ErrorName>(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'GROUP_ID_NOT_FOUND']);

/** An error of a cluster's answer as the end of a command. @param subject what it is about; undefined when the message says that */
export function kafkaFailure(subject: string | undefined, name: ErrorName, message?: string | null): CliError {
  const text = withStop(message || errorSentence(name));
  return new CliError(`${subject === undefined ? capitalized(text) : `${subject}: ${text}`} (${name})`, exitCodeOf(name));
}

function exitCodeOf(name: ErrorName): ExitCode {
  if (notFound.has(name)) return exitCodes.notFound;
  if (usageErrors.has(name)) return exitCodes.usage;
  // A change that timed out may have been made: that is a failure, and no reason to try it again unseen.
  return isRetriable(name) && name !== 'REQUEST_TIMED_OUT' ? exitCodes.notReady : exitCodes.failed;
}

function withStop(text: string): string {
  return text.replace(/[.:]?$/, '.');
}

/** A name at its beginning, as of a partition, stays as it is. */
function capitalized(text: string): string {
  if (!/^[a-z]+[ ,]/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
