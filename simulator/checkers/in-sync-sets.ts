import type { MetadataImage } from '#metadata';
import { Violation } from '../violation.ts';
import type { ChangedPartition, ImageChecker } from './image-watch.ts';
import { minIsrOf } from './min-isr.ts';

/**
 * P7: in every image the in-sync and the eligible replicas are replicas, and none is both; with enough in sync nobody else is eligible; nobody in sync is fenced.
 * The leader is in sync, or there is none.
 */
export class InSyncSets implements ImageChecker {
  check(image: MetadataImage, changed: readonly ChangedPartition[]): void {
    for (const { topic, partition } of changed) {
      const { leader, replicas, isr, elr } = partition;
      const where = `${topic.name}-${partition.partition} at metadata offset ${image.offset}`;
      const fail = (what: string): never => {
        throw new Violation('P7', `${where}: ${what}; replicas [${replicas}], isr [${isr}], elr [${elr}], leader ${leader}`);
      };
      if (new Set(isr).size !== isr.length || new Set(elr).size !== elr.length) fail('a set names somebody twice');
      if (!isr.every((id) => replicas.includes(id))) fail('somebody in sync is no replica');
      if (!elr.every((id) => replicas.includes(id))) fail('somebody eligible is no replica');
      if (isr.some((id) => elr.includes(id))) fail('somebody is in sync and eligible');
      if (leader !== -1 && !isr.includes(leader)) fail('the leader is not in sync');
      const minIsr = minIsrOf(topic.name, partition, image);
      if (isr.length >= minIsr && elr.length > 0) fail(`somebody is eligible, though ${minIsr} are in sync`);
      for (const id of isr) {
        // With one left, that one stays in the set when it goes: nobody else may lead.
        const fenced = image.brokers.get(id)?.fenced ?? true;
        if (fenced && leader !== -1) fail(`broker ${id} is in sync and fenced`);
      }
    }
  }
}
