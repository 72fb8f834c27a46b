import { NetworkError } from '#platform';
import { type ErrorName, errorSentence, isRetriable, KafkaError } from '#protocol';

/** How an HTTP request fails: a status, a stable code for programs and a sentence for people. */
export class HttpProblem extends Error {
  readonly status: number;
  /** Kafka's error name where there is one. */
  readonly code: string;
  /** Further keys of the body. */
  readonly details: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    sentence: string,
    options: { details?: Record<string, string | number>; headers?: Record<string, string> } = {},
  ) {
    super(asSentence(sentence));
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? (status === 503 ? { 'retry-after': '1' } : {});
  }

  /** The body: `error` is the sentence, `code` is for programs. */
  toJson(): string {
    return JSON.stringify({ error: this.message, code: this.code, ...this.details });
  }
}

/** Is the answer to a failed request safe to ignore (`read`), or does it matter whether the request took effect (`write`)? */
export type Effect = 'read' | 'write';

/**
 * Did the request certainly not leave this process, so that nothing happened? That is what the router's connections say by this one code;
 * others, such as EHOSTUNREACH, may also end a connection over which it was sent.
 */
export function wasNeverSent(error: NetworkError): boolean {
  return error.code === 'ECONNREFUSED';
}

/** Errors after which a write may or may not be in the log. */
const unknownOutcomes: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
]);

/** Kafka's errors that have a status of their own; of the others, retriable ones are 503 and lasting ones 500. */
const statusOf: Partial<Record<ErrorName, number>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 404,
  UNKNOWN_TOPIC_ID: 404,
  TOPIC_ALREADY_EXISTS: 409,
  INVALID_TOPIC_EXCEPTION: 400,
  INVALID_PARTITIONS: 400,
  INVALID_CONFIG: 400,
  INVALID_REQUEST: 400,
  INVALID_RECORD: 400,
  INVALID_TIMESTAMP: 400,
  CORRUPT_MESSAGE: 400,
  POLICY_VIOLATION: 400,
  MESSAGE_TOO_LARGE: 413,
  RECORD_LIST_TOO_LARGE: 413,
  TOPIC_AUTHORIZATION_FAILED: 403,
  GROUP_AUTHORIZATION_FAILED: 403,
  GROUP_ID_NOT_FOUND: 404,
  NON_EMPTY_GROUP: 409,
  GROUP_SUBSCRIBED_TO_TOPIC: 409,
  INVALID_GROUP_ID: 400,
  OFFSET_METADATA_TOO_LARGE: 413,
  CLUSTER_AUTHORIZATION_FAILED: 403,
  THROTTLING_QUOTA_EXCEEDED: 429,
  INVALID_REPLICATION_FACTOR: 503, // the caller names no factor, so it can only be that too few brokers are up
  BROKER_NOT_AVAILABLE: 503,
};

/** The HTTP form of an error name that a response carried. `sentence` is the response's own, where it has one. */
export function problemOfErrorName(name: ErrorName, effect: Effect, sentence: string | null | undefined): HttpProblem {
  const text = sentence || errorSentence(name);
  if (effect === 'write' && unknownOutcomes.has(name)) return outcomeUnknown(text);
  return new HttpProblem(statusOf[name] ?? (isRetriable(name) ? 503 : 500), name, text);
}

/** The HTTP form of whatever {@link RequestRouter.send} threw. What is none of its errors comes back as it is. */
export function problemOfThrown(thrown: unknown, effect: Effect, owner: string): unknown {
  if (thrown instanceof KafkaError) return problemOfErrorName(thrown.errorName, effect, thrown.message);
  if (!(thrown instanceof NetworkError)) return thrown;
  if (wasNeverSent(thrown)) {
    return new HttpProblem(503, 'BROKER_NOT_AVAILABLE', `${owner} does not answer (${thrown.code}). Nothing was done; try again.`);
  }
  if (effect === 'write') return outcomeUnknown(`The connection to ${owner} failed (${thrown.code}) before its answer came.`);
  return new HttpProblem(503, 'NETWORK_EXCEPTION', `The connection to ${owner} failed (${thrown.code}). Try again.`);
}

/** 504: a write that may be in the log. */
export function outcomeUnknown(sentence: string): HttpProblem {
  const advice = 'It is not known whether the request took effect: look before you send it again.';
  return new HttpProblem(504, 'OUTCOME_UNKNOWN', `${asSentence(sentence)} ${advice}`);
}

export function isOutcomeUnknown(problem: HttpProblem): boolean {
  return problem.status === 504;
}

/** Error messages begin small and end without a stop; what people read alone does neither. */
function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/[.:]?$/, '.');
}
