import { Violation } from '../violation.ts';
import type { HistoryClock } from './history-clock.ts';
import type { Commit } from './offset-history.ts';

/** One life of a member of a group, as it knows itself. */
export interface MemberLife {
  readonly group: string;
  readonly name: string;
  /** Of a static member. */
  readonly instanceId: string | null;
  /** Its group has members with the classic protocol and such with the new one. */
  readonly isMixed: boolean;
  readonly sessionMs: number;
  /** When it sent the last request that was answered without an error; virtual time. */
  heardMs: number;
  /** What it takes for its own, and since when. */
  readonly owned: Map<string, number>;
  /** When it was certain that another had taken its place as a static member. */
  replacedAt: number | undefined;
  /** It has left, and said so, or another life of its program has begun that nobody can tell from it. */
  hasLeft: boolean;
}

/**
 * What the members of groups are told (G1, G5, G6, G9): a partition has one owner in a generation or epoch, and another one only when the former has given it up or was silent for
 * a whole session; all members hear of the same assignment; whoever lost a partition cannot commit it; nobody is forgotten who is alive.
 */
export class GroupHistory {
  readonly #clock: HistoryClock;
  readonly #nowMs: () => number;
  readonly #note: (what: string) => void;
  readonly #mayExpire: boolean;
  readonly #isCoordinator: (group: string, host: string) => boolean;
  /** By group and generation: what each member was given. */
  readonly #generations = new Map<string, Map<MemberLife, ReadonlySet<string>>>();
  /** What leaders have decided, by group and generation; more than one when a coordinator did not live to hear it. */
  readonly #plans = new Map<string, ReadonlyMap<string, ReadonlySet<string>>[]>();
  /** Deletions that may have happened, or may yet, by group. */
  readonly #mayBeDeleted = new Map<string, number>();
  readonly #owners = new Map<string, Set<MemberLife>>();
  readonly #lastGiven = new Map<string, { readonly to: MemberLife; readonly at: number }>();
  readonly #polled = new Map<string, Set<bigint>>();
  readonly #instances = new Map<string, MemberLife>();
  assignedCount = 0;
  polledCount = 0;

  /**
   * @param options.mayExpire groups that nobody is in are forgotten after a while
   * @param options.isCoordinator whether a host is the coordinator of a group now, in the eyes of whoever knows most
   */
  constructor(options: {
    clock: HistoryClock;
    nowMs: () => number;
    note: (what: string) => void;
    mayExpire?: boolean;
    isCoordinator?: (group: string, host: string) => boolean;
  }) {
    this.#mayExpire = options.mayExpire ?? false;
    this.#isCoordinator = options.isCoordinator ?? (() => true);
    this.#clock = options.clock;
    this.#nowMs = options.nowMs;
    this.#note = options.note;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  tick(): number {
    return this.#clock.tick();
  }

  begin(member: Pick<MemberLife, 'group' | 'name' | 'instanceId' | 'isMixed' | 'sessionMs'>): MemberLife {
    return {
      ...member,
      heardMs: Number.NEGATIVE_INFINITY,
      owned: new Map(),
      replacedAt: undefined,
      hasLeft: false,
    };
  }

  /**
   * A request of a member is answered without an error. One that does not know that another broker coordinates by now, as it was paused, may answer that all is well: it
   * does not count.
   * @param sentMs,sentAt when it was sent
   */
  heard(life: MemberLife, sentMs: number, sentAt: number, host: string | undefined): void {
    if (host !== undefined && !this.#isCoordinator(life.group, host)) return;
    if (life.replacedAt !== undefined && life.replacedAt < sentAt)
      throw new Violation('G6', `${life.name} is answered as ${life.instanceId} of ${life.group}, and another has taken its place`);
    if (sentMs > life.heardMs) life.heardMs = sentMs;
  }

  /** A static member has been let in: whoever had its name before is fenced. */
  letIn(life: MemberLife): void {
    if (life.instanceId === null) return;
    const key = `${life.group}/${life.instanceId}`;
    const before = this.#instances.get(key);
    if (before === life) return;
    if (before !== undefined) {
      before.replacedAt = this.#clock.tick();
      this.release(before);
    }
    life.replacedAt = undefined;
    this.#instances.set(key, life);
  }

  /** The leader of a generation sends what all are to have. */
  planned(group: string, generation: number, plan: ReadonlyMap<string, ReadonlySet<string>>): void {
    const key = `${group}/${generation}`;
    this.#plans.set(key, [...(this.#plans.get(key) ?? []), plan]);
  }

  /** A member of a classic group is told what it is to have, and takes it for its own. @param memberId by which the leader knows it; static members by their names */
  givenInGeneration(life: MemberLife, generation: number, places: ReadonlySet<string>, memberId: string): void {
    if (!this.#startsAnew(life)) this.#checkPlan(life, generation, places, memberId);
    this.given(life, generation, places);
  }

  #checkPlan(life: MemberLife, generation: number, places: ReadonlySet<string>, memberId: string): void {
    const key = `${life.group}/${generation}`;
    const plans = this.#plans.get(key) ?? [];
    if (plans.length > 0 && !plans.some((plan) => same(plan.get(memberId) ?? new Set(), places)))
      throw new Violation(
        'G1',
        `${life.name} of ${life.group} is given ${list(places)} in generation ${generation}, which its leader has not decided`,
      );
    const known = this.#generations.get(key)?.get(life);
    if (known !== undefined && !same(known, places))
      throw new Violation(
        'G1',
        `${life.name} of ${life.group} is given ${list(places)} in generation ${generation}, and was given ${list(known)} before`,
      );
  }

  /** A member takes these for its own, by what it was told in an epoch; all that it had beyond them it has given up. */
  given(life: MemberLife, epoch: number, places: ReadonlySet<string>): void {
    this.assignedCount++;
    this.#note(`${life.name} of ${life.group} has ${list(places)} in epoch ${epoch}`);
    const key = `${life.group}/${epoch}`;
    let generation = this.#generations.get(key);
    if (generation === undefined) this.#generations.set(key, (generation = new Map()));
    for (const [other, theirs] of this.#startsAnew(life) ? [] : generation) {
      if (other === life || (other.instanceId !== null && other.instanceId === life.instanceId)) continue;
      const both = [...places].find((place) => theirs.has(place));
      if (both !== undefined)
        throw new Violation('G1', `${both} has two owners in ${life.group}, ${other.name} and ${life.name}, both in epoch ${epoch}`);
    }
    generation.set(life, places);
    for (const place of places) if (!life.owned.has(place)) this.#takes(life, place);
  }

  /** Somebody asks for the group to be deleted: the next one of its name counts from the beginning. */
  mayBeDeleted(group: string): void {
    this.#mayBeDeleted.set(group, (this.#mayBeDeleted.get(group) ?? 0) + 1);
  }

  /** It was, or certainly was not. */
  isDeleted(group: string, isDeleted: boolean): void {
    if (isDeleted) this.#note(`${group} is deleted`);
    const others = this.#mayBeDeleted.get(group)! - 1;
    if (others > 0) this.#mayBeDeleted.set(group, others);
    else this.#mayBeDeleted.delete(group);
    if (!isDeleted) return;
    for (const known of [this.#generations, this.#plans])
      for (const key of [...known.keys()]) if (key.startsWith(`${group}/`)) known.delete(key);
  }

  /** It gives these up, or all. */
  release(life: MemberLife, places: readonly string[] = [...life.owned.keys()]): void {
    if (places.length > 0) this.#note(`${life.name} of ${life.group} gives up ${list(new Set(places))}`);
    for (const place of places) {
      life.owned.delete(place);
      this.#owners.get(`${life.group}/${place}`)?.delete(life);
    }
  }

  /** It is gone in good order. */
  left(life: MemberLife): void {
    this.#note(`${life.name} of ${life.group} has left`);
    life.hasLeft = true;
    this.release(life);
  }

  /** Whether it was heard of lately and has a partition since then: what it has committed of it must not expire (G7). */
  isLive(life: MemberLife, place: string, since: number): boolean {
    return life.owned.get(place) === since && this.#nowMs() - life.heardMs < life.sessionMs;
  }

  /** A member hears that nobody knows it (G5). */
  unknown(life: MemberLife): void {
    this.#note(`${life.name} of ${life.group} is not known`);
    if (life.replacedAt === undefined && !life.hasLeft && this.#nowMs() - life.heardMs < life.sessionMs)
      throw new Violation(
        'G5',
        `${life.name} is not known in ${life.group} ${Math.round(this.#nowMs() - life.heardMs)} ms after it was heard of`,
      );
  }

  /** A commit of a member is acknowledged (G1). @param since when it had taken the partition for its own */
  committed(life: MemberLife, place: string, commit: Commit, since: number): void {
    const last = this.#lastGiven.get(`${life.group}/${place}`);
    if (last !== undefined && last.to !== life && last.at > since && last.at < commit.sentAt)
      throw new Violation(
        'G1',
        `${life.name} has committed ${commit.offset} in ${place} of ${life.group}, after ${last.to.name} was given it`,
      );
  }

  polled(group: string, place: string, offsets: readonly bigint[]): void {
    const key = `${group}/${place}`;
    let polled = this.#polled.get(key);
    if (polled === undefined) this.#polled.set(key, (polled = new Set()));
    for (const offset of offsets) polled.add(offset);
    this.polledCount += offsets.length;
  }

  /** G4, G9: what a group has committed in the end is there, and everything below it was given to a member. */
  checkFinal(group: string, place: string, committed: bigint, end: bigint): void {
    if (committed > end) throw new Violation('G4', `${group} has committed ${committed} in ${place}, which ends at ${end}`);
    const polled = this.#polled.get(`${group}/${place}`);
    for (let offset = 0n; offset < committed; offset++)
      if (!polled?.has(offset))
        throw new Violation('G9', `${group} has committed ${committed} in ${place}, and nobody was given ${offset}`);
  }

  /** Its group may have been deleted, have expired, or have changed its protocol while nobody was in it: then epochs count from the beginning again. */
  #startsAnew({ group, isMixed }: MemberLife): boolean {
    return this.#mayExpire || isMixed || this.#mayBeDeleted.has(group);
  }

  #takes(life: MemberLife, place: string): void {
    const key = `${life.group}/${place}`;
    let owners = this.#owners.get(key);
    if (owners === undefined) this.#owners.set(key, (owners = new Set()));
    const nowMs = this.#nowMs();
    for (const other of owners) {
      const isStatic = other.instanceId !== null && other.instanceId === life.instanceId;
      if (other !== life && !isStatic && nowMs - other.heardMs < other.sessionMs)
        throw new Violation(
          'G1',
          `${life.name} is given ${place} in ${life.group}, and ${other.name} has it, heard of ${Math.round(nowMs - other.heardMs)} ms ago`,
        );
    }
    owners.clear();
    owners.add(life);
    const at = this.#clock.tick();
    this.#lastGiven.set(key, { to: life, at });
    life.owned.set(place, at);
  }
}

function same(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((place) => other.has(place));
}

function list(places: ReadonlySet<string>): string {
  return `[${[...places].join(' ')}]`;
}
