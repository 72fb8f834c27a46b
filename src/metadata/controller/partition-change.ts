import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionChangeRecord } from '#protocol/stored/partition-change-record.ts';
import type { EffectiveConfigs } from '../configs/effective-configs.ts';
import { eligibleLeaderReplicasFeature } from '../features.ts';
import { isReservedDirectory, lostDirectory, unassignedDirectory } from '../image/directory-ids.ts';
import { type BrokerImage, type MetadataImage, type PartitionImage, replicationFactorOf, type TopicImage } from '../image/image.ts';
import { noLeaderChange } from '../image/image-builder.ts';
import { supportsEligibleLeaders } from '../image/metadata-versions.ts';
import { metadataVersionOf } from '../image/records.ts';
import { isActive } from './state.ts';

/** Metadata as an act wants to see it: as it is, or as the records it has already decided will make it. */
export interface View {
  readonly image: MetadataImage;
  readonly configs: EffectiveConfigs;
}

/**
 * `online`: whoever leads goes on; else the first replica that is in sync, or eligible while none is. `preferred`: the first replica, if it is in sync.
 * `unclean`: as online, and where that finds nobody any replica that lives, at the price of records.
 */
export type Election = 'online' | 'preferred' | 'unclean';

/** What a partition is to become. Whatever is left out stays. */
export interface PartitionTarget {
  readonly isr?: readonly number[];
  readonly replicas?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  readonly leaderRecoveryState?: number;
  /** The directories of some replicas, by broker. */
  readonly directories?: ReadonlyMap<number, string>;
  /** Replicas that may have lost the end of their log: in neither ISR nor ELR. */
  readonly uncleanReplicas?: readonly number[];
  /** Replicas that hold nothing at all: nor are they anybody's last known leader. */
  readonly emptyReplicas?: readonly number[];
  /** Else what the topic says by unclean.leader.election.enable. */
  readonly election?: Election;
}

type Draft = { -readonly [K in keyof PartitionImage]: PartitionImage[K] };

/** Whether members that leave an ISR that is too small stay eligible as leaders (KIP-966). Without it the ISR is never empty. */
export function keepsEligibleLeaders(image: MetadataImage): boolean {
  return (image.features.get(eligibleLeaderReplicasFeature) ?? 0) >= 1 && supportsEligibleLeaders(metadataVersionOf(image));
}

/** Is the directory in which the broker keeps the replica among those it has? One that came back with another disk holds nothing. */
export function holdsReplica(broker: BrokerImage, partition: Pick<PartitionImage, 'replicas' | 'directories'>): boolean {
  const directory = partition.directories[partition.replicas.indexOf(broker.id)];
  if (directory === undefined || directory === lostDirectory) return false;
  return isReservedDirectory(directory) || broker.directories.includes(directory);
}

/** May the broker lead the partition, as far as its state goes? */
export function canLead(image: MetadataImage, partition: Pick<PartitionImage, 'replicas' | 'directories'>, brokerId: number): boolean {
  const broker = image.brokers.get(brokerId);
  return isActive(broker) && holdsReplica(broker, partition);
}

/** A broker with one directory has no choice to make. */
export function onlyDirectory(broker: BrokerImage | undefined): string {
  return broker?.directories.length === 1 ? broker.directories[0]! : unassignedDirectory;
}

export function isUncleanElectionEnabled(view: View, topic: string): boolean {
  return view.configs.topic(view.image, topic, 'unclean.leader.election.enable').trim().toLowerCase() === 'true';
}

/**
 * The one place that decides about a partition: completes a reassignment whose target has come into sync, keeps the ELR, elects. Everything that
 * concerns replicas goes through here, so that the rules on who may lead hold for all of it (P4, P5, P7).
 * @returns undefined when nothing changes
 */
export function changePartition(
  view: View,
  topic: TopicImage,
  partition: PartitionImage,
  target: PartitionTarget = {},
): MetadataRecord | undefined {
  const draft: Draft = {
    ...partition,
    replicas: target.replicas ?? partition.replicas,
    addingReplicas: target.addingReplicas ?? partition.addingReplicas,
    removingReplicas: target.removingReplicas ?? partition.removingReplicas,
    isr: target.isr ?? partition.isr,
    leaderRecoveryState: target.leaderRecoveryState ?? partition.leaderRecoveryState,
  };
  const minInsyncReplicas = (factor: number) => view.configs.minInsyncReplicasWith(view.image, topic.name, factor);
  completeReassignment(draft, minInsyncReplicas);
  draft.directories = directoriesOf(view.image, partition, draft.replicas, target.directories);
  const needed = minInsyncReplicas(replicationFactorOf(draft));
  const withElr = keepsEligibleLeaders(view.image);
  const lost = [...(target.uncleanReplicas ?? []), ...(target.emptyReplicas ?? [])];
  draft.elr = withElr ? eligibleOutsideIsr(partition, draft, lost) : [];
  const election = target.election ?? (isUncleanElectionEnabled(view, topic.name) ? 'unclean' : 'online');
  elect(draft, election, withElr, (id) => canLead(view.image, draft, id));
  if (draft.isr.length >= needed) draft.elr = [];
  if (!withElr && draft.isr.length === 0) draft.isr = partition.isr;
  draft.lastKnownElr = withElr ? lastKnownLeader(partition, draft, target.emptyReplicas ?? []) : [];
  return recordOf(topic.id, partition, draft, target.emptyReplicas ?? []);
}

/** A partition is where it was to go when all that come are in sync, and without those that go enough are. */
function completeReassignment(draft: Draft, minInsyncReplicas: (factor: number) => number): void {
  const { addingReplicas, removingReplicas } = draft;
  if (addingReplicas.length + removingReplicas.length === 0) return;
  const stays = (id: number) => !removingReplicas.includes(id);
  const replicas = draft.replicas.filter(stays);
  const isr = draft.isr.filter(stays);
  if (isr.length < minInsyncReplicas(replicas.length) || !addingReplicas.every((id) => isr.includes(id))) return;
  Object.assign(draft, { replicas, isr, addingReplicas: [], removingReplicas: [] });
}

/**
 * Who left an ISR that was already too small, or became so by it, has all that is committed: the high watermark stands still until enough are in sync
 * again (P8), and then nobody is eligible outside the ISR any more (P4).
 */
function eligibleOutsideIsr(before: PartitionImage, draft: Draft, lost: readonly number[]): number[] {
  return draft.replicas.filter(
    (id) => (before.isr.includes(id) || before.elr.includes(id)) && !draft.isr.includes(id) && !lost.includes(id),
  );
}

function elect(draft: Draft, election: Election, withElr: boolean, mayLead: (id: number) => boolean): void {
  const { isr, elr, replicas, lastKnownElr } = draft;
  const holdsAll = (id: number) => (isr.length === 0 ? elr : isr).includes(id) && mayLead(id);
  const candidates = election === 'preferred' ? [replicas[0]!, draft.leader, ...replicas] : [draft.leader, ...replicas];
  const clean = candidates.find(holdsAll);
  if (clean !== undefined) {
    draft.leader = clean;
    if (isr.length > 0) return;
    draft.isr = [clean];
    draft.elr = elr.filter((id) => id !== clean);
    return;
  }
  // Every copy may have lost its end. Who led last has the most of it (KIP-966).
  const [lastKnown] = lastKnownElr;
  const mayUseLastKnown = withElr && isr.length + elr.length === 0 && lastKnownElr.length === 1 && replicas.includes(lastKnown!);
  const unclean = [...(mayUseLastKnown ? [lastKnown!] : []), ...(election === 'unclean' ? replicas : [])].find(mayLead);
  draft.leader = unclean ?? -1;
  if (unclean === undefined) return;
  draft.isr = [unclean];
  draft.elr = [];
  draft.leaderRecoveryState = 1;
}

/** Remembered from the moment when the ISR became empty until somebody leads again. */
function lastKnownLeader(before: PartitionImage, draft: Draft, empty: readonly number[]): readonly number[] {
  if (draft.leader !== -1) return [];
  const known = draft.isr.length === 0 && before.leader !== -1 ? [before.leader] : before.lastKnownElr;
  return known.some((id) => empty.includes(id)) ? [] : known;
}

function directoriesOf(
  image: MetadataImage,
  before: PartitionImage,
  replicas: readonly number[],
  given: ReadonlyMap<number, string> | undefined,
): readonly string[] {
  return replicas.map((id) => given?.get(id) ?? before.directories[before.replicas.indexOf(id)] ?? onlyDirectory(image.brokers.get(id)));
}

/**
 * A leader that is named begins a leader epoch. That has to be, although the leader stays, when a replica is taken away, which may not fetch any more; and when one
 * begins anew within the life of its broker: a late fetch for the log that it had would bring it into sync with nothing (P6).
 */
function recordOf(topicId: string, before: PartitionImage, draft: Draft, empty: readonly number[]): MetadataRecord | undefined {
  const losesReplica = before.replicas.some((id) => !draft.replicas.includes(id));
  const beginsAnew = empty.some((id) => ![lostDirectory, directoryIn(draft, id)].includes(directoryIn(before, id)));
  const isr = changedList(before.isr, draft.isr);
  const change: Partial<PartitionChangeRecord> = {
    isr,
    leader: draft.leader !== before.leader || losesReplica || beginsAnew ? draft.leader : noLeaderChange,
    replicas: changedList(before.replicas, draft.replicas),
    removingReplicas: changedList(before.removingReplicas, draft.removingReplicas),
    addingReplicas: changedList(before.addingReplicas, draft.addingReplicas),
    leaderRecoveryState: draft.leaderRecoveryState === before.leaderRecoveryState ? -1 : draft.leaderRecoveryState,
    directories: changedList(before.directories, draft.directories),
    eligibleLeaderReplicas: changedList(before.elr, draft.elr),
    lastKnownElr: changedList(before.lastKnownElr, draft.lastKnownElr),
  };
  const { leader, leaderRecoveryState, ...lists } = change;
  const changesNothing = leader === noLeaderChange && leaderRecoveryState === -1 && Object.values(lists).every((list) => list === null);
  return changesNothing ? undefined : partitionChange(topicId, before.partition, change);
}

function directoryIn({ replicas, directories }: Pick<PartitionImage, 'replicas' | 'directories'>, brokerId: number): string {
  return directories[replicas.indexOf(brokerId)] ?? lostDirectory;
}

function changedList<T>(before: readonly T[], after: readonly T[]): T[] | null {
  return before.length === after.length && before.every((value, index) => value === after[index]) ? null : [...after];
}

/** A change of a partition in which everything stays but what is given. */
export function partitionChange(topicId: string, partitionId: number, change: Partial<PartitionChangeRecord>): MetadataRecord {
  return {
    name: 'PartitionChangeRecord',
    value: {
      partitionId,
      topicId,
      isr: null,
      leader: noLeaderChange,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
      ...change,
    },
  };
}
