import type kafkajs from 'kafkajs';
import { until } from '../../support/until.ts';
import { missing, owners } from './checks.ts';
import type { GroupEvent } from './history.ts';
import { Member } from './member.ts';
import type { MemberProgram } from './programs.ts';

export const partitions = 12;
/** Who looks at the commits of all groups. */
export const observer = 'observer';

/** One client's part of a play: its topic, its group, and what happened there. */
export class Lane {
  readonly client: string;
  readonly topic: string;
  readonly group: string;
  readonly events: GroupEvent[] = [];
  readonly members: Member[] = [];
  readonly #program: MemberProgram;
  readonly #bootstrap: string;
  #written = 0;

  constructor(program: MemberProgram, place: { bootstrap: string; topic: string; group: string }) {
    this.client = program.client;
    this.topic = place.topic;
    this.group = place.group;
    this.#program = program;
    this.#bootstrap = place.bootstrap;
  }

  get values(): string[] {
    return Array.from({ length: this.#written }, (_, i) => String(i));
  }

  /** Some records more for each partition. */
  async write(producer: kafkajs.Producer, perPartition: number): Promise<void> {
    const messages = Array.from({ length: perPartition * partitions }, (_, i) => ({
      partition: i % partitions,
      value: String(this.#written + i),
    }));
    await producer.send({ topic: this.topic, messages, acks: -1 });
    this.#written += messages.length;
  }

  /** @param program of another client, for a group of several */
  join(count: number, program = this.#program): void {
    for (let i = 0; i < count; i++) {
      const name = `member ${this.members.length + 1}`;
      this.members.push(
        new Member({ program, name, bootstrap: this.#bootstrap, topic: this.topic, group: this.group, events: this.events }),
      );
    }
  }

  async allRead(): Promise<void> {
    await until(() => missing(this.events, this.values).length === 0, {
      forMs: 120_000,
      tell: () => `${this.client}: ${missing(this.events, this.values).length} of ${this.#written} are missing. ${this.#said()}`,
    });
  }

  /** Every partition has an owner, and so many members share them. */
  async shared(between: number): Promise<void> {
    const isShared = () => {
      const found = owners(this.events);
      return found.size === partitions && new Set(found.values()).size === between;
    };
    await until(isShared, { forMs: 120_000, tell: () => `${this.client}: ${JSON.stringify([...owners(this.events)])}. ${this.#said()}` });
  }

  async look(admin: kafkajs.Admin): Promise<void> {
    const [found] = await admin.fetchOffsets({ groupId: this.group, topics: [this.topic] });
    const at = Date.now();
    for (const { partition, offset } of found!.partitions)
      if (Number(offset) >= 0) this.events.push({ type: 'committed', at, member: observer, partition, offset: Number(offset) });
  }

  #said(): string {
    return this.members.map(({ name, isRunning, said }) => `${name}${isRunning ? '' : ', gone'}: ${said.slice(-600)}`).join('\n');
  }
}
