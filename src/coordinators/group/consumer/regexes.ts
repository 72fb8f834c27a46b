import { isInternalTopic } from '#metadata';
import type { Draft } from './draft.ts';

/** Topics that come and go are noticed by those who subscribe to a pattern so long after the last look at most. */
const refreshAfterMs = 10_000;

/** Resolves the regular expressions that members subscribe to anew, where topics may have changed since the last time. */
export function refreshRegexes(draft: Draft): void {
  const { group, turn } = draft;
  const { topics } = turn.host;
  const { resolved } = group;
  if (group.regexes.size === 0 || resolved?.topics === topics) return;
  if (resolved !== undefined && turn.now.monotonic - resolved.at < refreshAfterMs) return;
  for (const regex of [...group.regexes.keys()]) resolveRegex(draft, regex);
  draft.noteResolved();
}

/** Writes which topics the expression stands for, when that is not known, or has changed. @throws KafkaError INVALID_REGULAR_EXPRESSION */
export function resolveRegex(draft: Draft, regularExpression: string): void {
  const { group, turn, groupId } = draft;
  const { topics, compileRegex } = turn.host;
  const matches = compileRegex(regularExpression);
  const found = topics.all().flatMap(({ name }) => (!isInternalTopic(name) && matches(name) ? [name] : []));
  const known = group.regexes.get(regularExpression);
  if (known !== undefined && known.length === found.length && known.every((name, index) => name === found[index])) return;
  draft.write({
    kind: 'regex',
    key: { groupId, regularExpression },
    value: { topics: found, version: turn.host.metadataVersion, timestamp: BigInt(turn.now.wall) },
  });
}

/** Forgets expressions that nobody subscribes to any more. */
export function forgetUnusedRegexes(draft: Draft): void {
  const used = new Set([...draft.group.members.values()].map(({ subscribedTopicRegex }) => subscribedTopicRegex));
  for (const regularExpression of [...draft.group.regexes.keys()]) {
    if (!used.has(regularExpression)) draft.write({ kind: 'regex', key: { groupId: draft.groupId, regularExpression }, value: null });
  }
}
