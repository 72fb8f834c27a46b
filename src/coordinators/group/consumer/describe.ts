import type { TopicsImage } from '../turn.ts';
import { type Assignment, noPartitions, topicPartitionsOf } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { assignorOf } from './draft.ts';

export interface DescribedAssignment {
  readonly topicPartitions: readonly { readonly topicId: string; readonly topicName: string; readonly partitions: readonly number[] }[];
}

export interface DescribedConsumerGroup {
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly rackId: string | null;
    readonly memberEpoch: number;
    readonly clientId: string;
    readonly clientHost: string;
    readonly subscribedTopicNames: readonly string[];
    readonly subscribedTopicRegex: string | null;
    readonly assignment: DescribedAssignment;
    readonly targetAssignment: DescribedAssignment;
    /** 0 for one that speaks the classic protocol, else 1. */
    readonly memberType: number;
  }[];
}

/** A consumer group for tools: what each member has, and what it is to have in the end. */
export function describeConsumerGroup(group: ConsumerGroup, topics: TopicsImage): DescribedConsumerGroup {
  const named = (assignment: Assignment): DescribedAssignment => ({
    topicPartitions: topicPartitionsOf(assignment).flatMap(({ topicId, partitions }) => {
      const topic = topics.byId(topicId);
      return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }];
    }),
  });
  return {
    groupState: group.stateName,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: assignorOf(group).name,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.memberEpoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.subscribedTopicNames,
      subscribedTopicRegex: member.subscribedTopicRegex,
      assignment: named(member.assigned),
      targetAssignment: named(group.targets.get(member.memberId) ?? noPartitions),
      memberType: member.classic === undefined ? 1 : 0,
    })),
  };
}
