import type { ArrivedRequest, Handled } from '#broker';
import type { Api, ErrorName, KafkaError } from '#protocol';
import type { FetchRequest } from '#protocol/apis/fetch.ts';
import type { Answer } from '#transport';

type Fields = Readonly<Record<string, unknown>>;

/** Where requests name topics. */
const topicFields = ['topics', 'topicData', 'topicPartitions', 'topicNames', 'v3AndBelowTopics', 'resources'] as const;
const topicResource = 2;
const noRecords = Buffer.alloc(0);

/** The topics that a request names, by name where that is known. */
export function topicsOf(request: unknown, nameOf: (topicId: string) => string | undefined): string[] {
  const fields = request as Fields;
  const named = topicFields.flatMap((field) => itemsOf(fields[field]).map((item) => topicOf(item, nameOf)));
  const inGroups = itemsOf(fields['groups']).flatMap((group) =>
    itemsOf((group as Fields | undefined)?.['topics']).map((item) => topicOf(item, nameOf)),
  );
  return [...new Set([...named, ...inGroups].filter((name) => name !== undefined))];
}

/**
 * The answer to a request that fails, with the error where the answer of its API has room for one. With a topic only what concerns that fails, and the
 * rest is carried out.
 */
export function failedAnswer(
  arrived: ArrivedRequest,
  error: KafkaError,
  topic: string | undefined,
  nameOf: (topicId: string) => string | undefined,
): Answer {
  const { api, request } = arrived;
  const isMeant = (item: unknown) => topic === undefined || topicOf(item, nameOf) === topic;
  if (api.name === 'Metadata') return serveMarked(arrived, error, isMeant);
  const [failing, rest] = parted(request as Fields, isMeant);
  const response = api.name === 'Fetch' ? failedFetch(failing as unknown as FetchRequest, error) : arrived.failed(failing as never, error);
  if (topic === undefined || !hasTopics(rest)) return arrived.encode(response as Handled<Api>);
  return arrived.carryOut(rest as never).then((served) => arrived.encode(joined(served, response as Handled<Api>)));
}

/** Metadata also names the brokers, without which nobody could ask again: all is told but what is to fail. */
function serveMarked(arrived: ArrivedRequest, error: KafkaError, isMeant: (item: unknown) => boolean): Answer {
  return arrived.carryOut(arrived.request).then((response) => {
    if (response === null || response === 'close') return response;
    const { topics } = response as unknown as { topics: readonly Fields[] };
    const marked = topics.map((found) => (isMeant(found) ? { ...found, errorCode: error.errorName, partitions: [] } : found));
    return arrived.encode({ ...(response as object), topics: marked } as never);
  });
}

const ofSession: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
]);

/** A fetch in a session names only what has changed since the last: its client is asked to name everything, and then hears what is wrong. */
function failedFetch({ topics, sessionId, sessionEpoch }: FetchRequest, { errorName }: KafkaError): object {
  if (ofSession.has(errorName)) return { throttleTimeMs: 0, errorCode: errorName, responses: [] };
  if (sessionId !== 0 && sessionEpoch > 0) return { throttleTimeMs: 0, errorCode: 'FETCH_SESSION_ID_NOT_FOUND', responses: [] };
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    sessionId: 0,
    responses: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode: errorName,
        highWatermark: -1n,
        records: noRecords,
      })),
    })),
  };
}

/** What is to fail of a request, and what is not. */
function parted(request: Fields, isMeant: (item: unknown) => boolean): [failing: Fields, rest: Fields] {
  const [failing, rest] = [{ ...request }, { ...request }] as [Record<string, unknown>, Record<string, unknown>];
  for (const field of topicFields) {
    const items = request[field];
    if (!Array.isArray(items)) continue;
    failing[field] = items.filter(isMeant);
    rest[field] = items.filter((item) => !isMeant(item));
  }
  return [failing, rest];
}

function hasTopics(request: Fields): boolean {
  return topicFields.some((field) => itemsOf(request[field]).length > 0);
}

/** Two answers of one API as one: lists follow on each other, and of the rest the first one's counts. */
function joined(served: Handled<Api>, failed: Handled<Api>): Handled<Api> {
  if (served === null || served === 'close' || failed === null || failed === 'close') return failed;
  const [first, second] = [served, failed] as unknown as [Fields, Fields];
  const lists = Object.entries(second).filter(([, value]) => Array.isArray(value));
  return { ...first, ...Object.fromEntries(lists.map(([name, value]) => [name, [...itemsOf(first[name]), ...itemsOf(value)]])) } as never;
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function topicOf(item: unknown, nameOf: (topicId: string) => string | undefined): string | undefined {
  if (typeof item === 'string') return item;
  const { name, topic, topicId, resourceType, resourceName } = item as Readonly<Record<string, string | number | null | undefined>>;
  if (resourceType !== undefined) return resourceType === topicResource ? String(resourceName) : undefined;
  const named = name || topic;
  if (named) return String(named);
  return typeof topicId === 'string' ? nameOf(topicId) : undefined;
}
