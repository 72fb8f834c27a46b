import { sleep } from '#platform';
import { ClassicMember, type ClassicProtocol } from './classic-member.ts';
import { ConsumerMember } from './consumer-member.ts';
import { type GroupMember, type MemberOptions, sessionMs } from './group-member.ts';

export type MemberProtocol = ClassicProtocol | 'consumer';

/** A place in a group in which one program after another runs: they read and commit, leave, die, fall silent for too long, and are started again. */
export class GroupSeat {
  readonly #options: Omit<MemberOptions, 'name'>;
  readonly #protocol: MemberProtocol;
  readonly #isCalm: () => boolean;
  #lives = 0;
  #failure: unknown;
  member: GroupMember | undefined;

  /** @param isCalm from then on whoever is there stays */
  constructor(options: Omit<MemberOptions, 'name'>, protocol: MemberProtocol, isCalm: () => boolean) {
    this.#options = options;
    this.#protocol = protocol;
    this.#isCalm = isCalm;
  }

  async run(): Promise<void> {
    const { client } = this.#options;
    while (!client.stopped) {
      if (this.#failure !== undefined) throw this.#failure;
      this.member = this.#newMember();
      const { hauntsOn } = await this.#live(this.member);
      this.member = undefined;
      // The next one comes while the former still runs.
      if (!client.stopped) await this.#rest(client.random.below(hauntsOn ? sessionMs / 2 : 2 * sessionMs));
    }
  }

  #newMember(): GroupMember {
    const options = { ...this.#options, name: `${this.#options.client.name}.${this.#lives++}` };
    const protocol = this.#protocol;
    return protocol === 'consumer' ? new ConsumerMember(options) : new ClassicMember({ ...options, protocol });
  }

  async #live(member: GroupMember): Promise<{ hauntsOn: boolean }> {
    const { client } = this.#options;
    const { random } = client;
    const isStatic = this.#options.instanceId !== null;
    const rounds = 10 + random.below(isStatic ? 15 : 40);
    for (let round = 0; !client.stopped && !member.isOver && (round < rounds || this.#isCalm()); round++) {
      await member.step();
      const { owned } = member;
      if (owned.length > 0 && !member.isOver) await member.poll(client.anyOf(owned));
      if (random.below(3) === 0) await member.commit();
      if (random.below(60) === 0 && !this.#isCalm()) await this.#rest(sessionMs * 2);
      await sleep(client.clock, 50 + random.below(150));
    }
    // What a static member has given up nobody else gets before it has joined again: who takes its place does not know of it.
    for (let more = 60; isStatic && !member.isSettled && more > 0 && !client.stopped && !member.isOver; more--) {
      await member.step();
      await sleep(client.clock, 50);
    }
    if (client.stopped || member.isOver) return { hauntsOn: false };
    // It goes on although another is started in its place, or leaves, or else dies without a word.
    if (isStatic && random.below(2) === 0) {
      void this.#haunt(member);
      return { hauntsOn: true };
    }
    if (random.below(2) === 0) await member.leave();
    return { hauntsOn: false };
  }

  /** The former life of a static member that does not know that there is another, until it is told. */
  async #haunt(member: GroupMember): Promise<void> {
    const { client } = this.#options;
    try {
      for (let rounds = 30; rounds > 0 && !member.isOver && !client.stopped && !this.#isCalm(); rounds--) {
        await member.step();
        const { owned } = member;
        if (owned.length > 0) await member.poll(client.anyOf(owned));
        await member.commit();
        await sleep(client.clock, 50 + client.random.below(150));
      }
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async #rest(ms: number): Promise<void> {
    for (let left = ms; left > 0 && !this.#isCalm(); left -= 100) await sleep(this.#options.client.clock, Math.min(left, 100));
  }
}
