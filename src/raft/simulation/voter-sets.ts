import type { Voter } from '../types.ts';
import { majorityOf } from '../voters.ts';
import type { SimulatedDisk, SimulatedNode } from './simulated-node.ts';

/** Which disks may be spoilt, and which voter sets an operator may ask for, so that a majority of every set that may count can still tell everything. */
export class VoterSets {
  readonly #disks: readonly SimulatedDisk[];
  readonly #sets: readonly (readonly Voter[])[];

  constructor(nodes: readonly (SimulatedNode | undefined)[], disks: readonly SimulatedDisk[]) {
    this.#disks = disks.map((disk, index) => (nodes[index]?.alive === true ? nodes[index].disk : disk));
    this.#sets = disks.flatMap(({ log }, index) => {
      const { batches, snapshot } = nodes[index]?.alive === true ? nodes[index].log : log;
      return [snapshot?.voters ?? [], ...batches.map(({ voters }) => voters?.voters ?? [])].filter((set) => set.length > 0).slice(-2);
    });
  }

  /** Disks that belong to no cluster. */
  get blank(): number {
    return this.#disks.filter(({ clusterId }) => clusterId === undefined).length;
  }

  /** Is a majority sound, even without that disk? */
  isSound(members: readonly Voter[], without?: number): boolean {
    const sound = members.filter(({ address: { port }, directoryId }) => {
      const disk = this.#disks[port]!;
      return port !== without && disk.directoryId === directoryId && disk.promised === undefined;
    });
    // Who does not know that the founding record is committed asks a majority of those named.
    const isUnsure = members.some(({ address: { port } }) => {
      const { clusterId, formation } = this.#disks[port]!;
      return clusterId === undefined || formation?.founded === false;
    });
    return sound.length >= majorityOf(isUnsure ? Math.max(this.#disks.length, members.length) : members.length);
  }

  canLose(index: number): boolean {
    return this.#sets.length > 0 && this.#sets.every((set) => this.isSound(set, index));
  }
}
