import { GroupCoordinator } from '#coordinators';
import { ClassicGroup } from '../../src/coordinators/group/classic/classic-group.ts';
import { ConsumerGroup } from '../../src/coordinators/group/consumer/consumer-group.ts';
import { Offsets } from '../../src/coordinators/group/offsets.ts';
import { Timers } from '../../src/coordinators/group/timers.ts';
import { type Mutant, replaceGetter, replaceMethod } from './planting.ts';

interface Place {
  readonly offset: bigint;
}

export const groupMutants: Readonly<Record<string, Mutant>> = {
  'commits-of-any-generation': {
    breaks: 'offsets are committed whoever asks for it, and in whatever generation or epoch',
    plant() {
      for (const group of [ClassicGroup, ConsumerGroup]) replaceMethod(group.prototype, 'checkCommit', () => () => {});
    },
  },
  'owned-partitions-are-free': {
    breaks: 'a partition is given to another member before the one that has it has given it up',
    plant() {
      replaceMethod(ConsumerGroup.prototype, 'ownerOf', () => () => undefined);
    },
  },
  'rebalance-waits-for-nobody': {
    breaks: 'a generation begins with whoever joins first',
    plant() {
      replaceGetter(ClassicGroup.prototype, 'haveAllJoined', () => () => true);
    },
  },
  'static-members-twice': {
    breaks: 'a static member that is started again does not fence its former life',
    plant() {
      replaceMethod(
        ClassicGroup.prototype,
        'replace',
        (replace) =>
          function (this: ClassicGroup, member: { memberId: string }, ...rest: unknown[]) {
            const replacement = replace.call(this, member, ...rest);
            former.set(member.memberId, replacement.memberId);
            return replacement;
          },
      );
      replaceMethod(
        ClassicGroup.prototype,
        'member',
        (member) =>
          function (this: ClassicGroup, memberId: string, groupInstanceId: string | null) {
            let present = memberId;
            while (former.has(present)) present = former.get(present)!;
            return member.call(this, present, groupInstanceId);
          },
      );
    },
  },
  'sessions-end-early': {
    breaks: 'a member that was heard of lately is out',
    plant() {
      replaceMethod(
        Timers.prototype,
        'set',
        (set) =>
          function (this: Timers, name: string, at: number, action: unknown) {
            return set.call(this, name, name.includes('session ') ? at - 1100 : at, action);
          },
      );
    },
  },
  'sessions-never-end': {
    breaks: 'a member that is gone without a word stays in its group',
    plant() {
      replaceMethod(
        Timers.prototype,
        'set',
        (set) =>
          function (this: Timers, name: string, at: number, action: unknown) {
            return set.call(this, name, name.includes('session ') ? at + 1e9 : at, action);
          },
      );
    },
  },
  'older-commits-win': {
    breaks: 'of two commits of an offset the first one stays',
    plant() {
      replaceMethod(
        Offsets.prototype,
        'replay',
        (replay) =>
          function (this: Offsets, record: { key: { group: string; topic: string; partition: number }; value: unknown }, place: Place) {
            const { group, topic, partition } = record.key;
            if (record.value !== null && place.offset % 3n === 0n && this.get(group, topic, partition) !== undefined) return;
            replay.call(this, record, place);
          },
      );
    },
  },
  'groups-with-members-are-deleted': {
    breaks: 'a group that has members can be deleted, with all it has committed',
    plant() {
      replaceMethod(
        GroupCoordinator.prototype,
        'deleteGroup',
        (deleteGroup) =>
          function (this: GroupCoordinator, ...args: unknown[]) {
            isBeingDeleted = true;
            try {
              return deleteGroup.apply(this, args);
            } finally {
              isBeingDeleted = false;
            }
          },
      );
      for (const group of [ClassicGroup, ConsumerGroup])
        replaceGetter(
          group.prototype,
          'isEmpty',
          (isEmpty) =>
            function (this: object) {
              return isBeingDeleted || isEmpty.call(this);
            },
        );
    },
  },
  'offsets-of-live-groups-expire': {
    breaks: 'offsets expire though members read on from them (KAFKA-13636)',
    plant() {
      for (const group of [ClassicGroup, ConsumerGroup]) replaceMethod(group.prototype, 'mayRead', () => () => false);
    },
  },
};

const former = new Map<string, string>();
let isBeingDeleted = false;
