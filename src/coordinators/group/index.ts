/** Groups of consumers: who is in them, who reads what, how far they have read. */
export type { Caller } from './classic/join-group.ts';
export type { Leaver } from './classic/leave-group.ts';
export type { ConsumerGroupConfig, GroupConfig } from './config.ts';
export type { DescribedConsumerGroup } from './consumer/describe.ts';
export type { DescribedGroup, ListedGroup } from './describe.ts';
export type { Committer } from './group.ts';
export { GroupCoordinator, type GroupCoordinatorOptions, type WatchedGroup } from './group-coordinator.ts';
export type { CommittedTopic, TopicToCommit } from './offset-commit.ts';
export type { FetchedTopic, TopicToFetch } from './offset-fetch.ts';
export { type GroupRecord, groupRecordCodec } from './records.ts';
export type { CompileRegex, GroupDecision } from './turn.ts';
