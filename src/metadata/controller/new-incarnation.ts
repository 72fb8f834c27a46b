import type { BrokerRegistrationRequest } from '#protocol/apis/broker-registration.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { isReservedDirectory, unassignedDirectory } from '../image/directory-ids.ts';
import type { PartitionImage } from '../image/image.ts';
import { registrationChange, viewAfter } from './fencing.ts';
import type { PartitionTarget, View } from './partition-change.ts';
import { changesOf } from './partition-records.ts';

/**
 * What a new incarnation of a broker means for its replicas. The one before is gone, so it is in no ISR any more. It may have lost records:
 * - when it was not shut down cleanly (it does not name the epoch it had, KIP-966), those that only the operating system had: of topics with flush.mode=os.
 *   What was acknowledged under fsync is on its disk, and it stays eligible.
 * - when it comes with another directory, all that lay in the old one. It begins anew there, outside of ISR and ELR, unless it is the only one that was
 *   eligible: then the old directory stays on record and nobody leads until that is back, or somebody chooses to lose what is in it.
 */
export function newIncarnationRecords(view: View, request: BrokerRegistrationRequest): MetadataRecord[] {
  const { brokerId, logDirs } = request;
  const known = view.image.brokers.get(brokerId);
  const isUnclean = known === undefined || known.epoch !== request.previousBrokerEpoch;
  const withoutIt = known === undefined || known.fenced ? view : viewAfter(view, [registrationChange(known, { fenced: 1 })]);
  const newDirectory = logDirs.length === 1 ? logDirs[0]! : unassignedDirectory;
  return changesOf(withoutIt, (partition, topic): PartitionTarget | undefined => {
    if (!partition.replicas.includes(brokerId)) return undefined;
    const mayLackRecords = isUnclean && view.configs.topic(view.image, topic.name, 'flush.mode').trim() === 'os';
    const isEmpty = isReplaced(partition, brokerId, logDirs) && !isLastEligible(partition, brokerId);
    return {
      isr: partition.isr.filter((id) => id !== brokerId),
      uncleanReplicas: mayLackRecords ? [brokerId] : [],
      ...(isEmpty ? { emptyReplicas: [brokerId], directories: new Map([[brokerId, newDirectory]]) } : {}),
    };
  });
}

function isReplaced({ replicas, directories }: PartitionImage, brokerId: number, present: readonly string[]): boolean {
  const directory = directories[replicas.indexOf(brokerId)]!;
  return !isReservedDirectory(directory) && !present.includes(directory);
}

/** Is it, of all replicas, the only one that holds everything? */
export function isLastEligible({ isr, elr }: PartitionImage, brokerId: number): boolean {
  const eligible = [...isr, ...elr];
  return eligible.includes(brokerId) && eligible.every((id) => id === brokerId);
}
