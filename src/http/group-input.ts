import { type OffsetToCommit, parseDatetime, parseDuration, type ResetScope, type ResetTarget } from '#client';
import { arrayIn, booleanIn, has, integerIn, type JsonObject, objectAt, stringIn } from './input.ts';
import { HttpProblem } from './problem.ts';

/** "offsets": [{"topic":"test","partition":0,"offset":7,"metadata":"..."}]. @throws HttpProblem 400 */
export function offsetsIn(body: JsonObject): OffsetToCommit[] {
  const offsets = arrayIn(body, 'offsets').map((each, index) => {
    const item = objectAt(each, `offsets[${index}]`);
    const offset = integerIn(item, 'offset');
    if (offset < 0) throw refused(`"offset" must be 0 or more, not ${offset}.`);
    const metadata = has(item, 'metadata') ? { metadata: stringIn(item, 'metadata') } : {};
    return { topic: stringIn(item, 'topic'), partition: partitionIn(item), offset: BigInt(offset), ...metadata };
  });
  if (offsets.length === 0) throw refused('"offsets" is empty: name at least one.');
  const names = new Set(offsets.map(({ topic, partition }) => `${topic}-${partition}`));
  if (names.size < offsets.length) throw refused('"offsets" names a partition twice.');
  return offsets;
}

/** What is to be reset, where to, and whether that is only to be shown. @throws HttpProblem 400 */
export function resetIn(body: JsonObject, now: number): { scope: ResetScope; target: ResetTarget; isDryRun: boolean } {
  const target = targetIn(body, now);
  return {
    target,
    scope: target.to === 'given' ? scopeOfOffsets(body, target.offsets) : scopeIn(body),
    isDryRun: booleanIn(body, 'dryRun', true),
  };
}

const targets = ['to', 'toOffset', 'shiftBy', 'toDatetime', 'byDuration', 'offsets'] as const;

function targetIn(body: JsonObject, now: number): ResetTarget {
  const given = targets.filter((key) => has(body, key));
  if (given.length !== 1) throw refused(`Say where the group is to go on, by one of ${targets.map((key) => `"${key}"`).join(', ')}.`);
  switch (given[0]!) {
    case 'to': {
      const to = stringIn(body, 'to');
      if (to === 'earliest' || to === 'latest' || to === 'current') return { to };
      throw refused('"to" must be "earliest", "latest" or "current".');
    }
    case 'toOffset':
      return { to: 'offset', offset: BigInt(integerIn(body, 'toOffset')) };
    case 'shiftBy':
      return { to: 'shift', by: BigInt(integerIn(body, 'shiftBy')) };
    case 'toDatetime': {
      const time = parseDatetime(stringIn(body, 'toDatetime'));
      if (time === undefined)
        throw refused(
          '"toDatetime" must be a date and a time, as in "2026-11-25T08:30:00.000"; it is UTC unless a zone follows, as in +01:00.',
        );
      return { to: 'time', timestamp: BigInt(time) };
    }
    case 'byDuration': {
      const durationMs = parseDuration(stringIn(body, 'byDuration'));
      if (durationMs === undefined) throw refused('"byDuration" must be written PnDTnHnMnS, as in "P1D" or "PT90S".');
      return { to: 'time', timestamp: BigInt(now - durationMs) };
    }
    case 'offsets':
      return { to: 'given', offsets: offsetsIn(body) };
  }
}

function scopeOfOffsets(body: JsonObject, offsets: readonly OffsetToCommit[]): ResetScope {
  if (has(body, 'topics') || has(body, 'allTopics'))
    throw refused('"offsets" says itself which partitions it is about: leave "topics" and "allTopics" out.');
  return offsets.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
}

/** "topics": ["test", {"topic":"orders","partitions":[0,1]}], or "allTopics": true. @throws HttpProblem 400 */
function scopeIn(body: JsonObject): ResetScope {
  const isAll = booleanIn(body, 'allTopics', false);
  if (isAll === has(body, 'topics')) throw refused('Name what is to be reset, by "topics" or by "allTopics": true.');
  if (isAll) return 'committed';
  const topics = arrayIn(body, 'topics').map((each, index) => {
    if (typeof each === 'string') return { topic: each, partitions: 'all' as const };
    const item = objectAt(each, `topics[${index}]`);
    const partitions = arrayIn(item, 'partitions').map((partition) => partitionIn({ partition }));
    return { topic: stringIn(item, 'topic'), partitions };
  });
  if (topics.length === 0) throw refused('"topics" is empty: name at least one.');
  return topics;
}

function partitionIn(item: JsonObject): number {
  const partition = integerIn(item, 'partition');
  if (partition < 0) throw refused(`"partition" must be 0 or more, not ${partition}.`);
  return partition;
}

function refused(sentence: string): HttpProblem {
  return new HttpProblem(400, 'INVALID_REQUEST', sentence);
}
