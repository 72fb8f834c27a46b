import type { ErrorName } from '#protocol';
import { consumerGroupHeartbeat } from '#protocol/apis/consumer-group-heartbeat.ts';
import { placeOf } from '../checkers/transaction-history.ts';
import { GroupMember, type MemberOptions, rebalanceMs, sessionMs } from './group-member.ts';
import type { Membership } from './transactional-producer.ts';

const leaveEpoch = -1;
const awayEpoch = -2;

/** A consumer with the protocol of KIP-848: it says what it has, and is told what it may have; what it loses it gives up before it says so. */
export class ConsumerMember extends GroupMember {
  readonly #memberId: string;
  #epoch = 0;
  /** Something changed that has to be said: all of it, as after an answer that was lost nobody knows what arrived. */
  #mustSayAll = true;
  #isSettled = false;

  constructor(options: MemberOptions) {
    super(options);
    this.#memberId = options.client.random.uuid();
  }

  get membership(): Membership | undefined {
    if (this.#epoch <= 0) return undefined;
    return { memberId: this.#memberId, groupInstanceId: this.life.instanceId, generationIdOrMemberEpoch: this.#epoch };
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  protected override get asReader() {
    return this.#epoch > 0 ? { memberId: this.#memberId, generationIdOrMemberEpoch: this.#epoch } : {};
  }

  async step(): Promise<void> {
    const { sentMs, sentAt } = { sentMs: this.history.nowMs, sentAt: this.history.tick() };
    const joins = this.#epoch === 0;
    const saysAll = this.#mustSayAll;
    const response = await this.#say(this.#epoch, saysAll);
    // What took longer than a session says nothing: it may be out by now.
    const isStale = this.history.nowMs - sentMs >= sessionMs;
    if (response === undefined || response === 'not-sent' || isStale) {
      this.#mustSayAll = true;
      return;
    }
    const { errorCode, memberEpoch, assignment } = response;
    if (errorCode !== 'NONE') return this.#refused(errorCode);
    if (joins) this.history.letIn(this.life);
    this.history.heard(this.life, sentMs, sentAt, this.link.host);
    this.#mustSayAll = false;
    this.#isSettled = assignment === null || (saysAll && !joins);
    this.#epoch = memberEpoch;
    if (assignment === null) return;
    const places = new Set(
      assignment.topicPartitions.flatMap(({ topicId, partitions }) => partitions.map((partition) => placeOf(topicId, partition))),
    );
    const before = [...this.life.owned.keys()];
    const revoked = before.filter((place) => !places.has(place));
    if (revoked.length === 0 && before.length === places.size) return;
    if (revoked.length > 0) await this.commit();
    // It may have heard meanwhile that it is out.
    if (this.isOver || this.#epoch !== memberEpoch) return;
    this.giveUp(revoked);
    this.history.given(this.life, memberEpoch, places);
    this.#mustSayAll = true;
    this.#isSettled = false;
  }

  async leave(): Promise<void> {
    this.giveUp();
    if (this.#epoch > 0) await this.#say(this.life.instanceId === null ? leaveEpoch : awayEpoch, false);
    if (this.life.instanceId === null) this.history.left(this.life);
    this.isOver = true;
  }

  protected lose(): void {
    this.giveUp();
    this.#epoch = 0;
    this.#mustSayAll = true;
    this.#isSettled = false;
  }

  #say(memberEpoch: number, saysAll: boolean) {
    const owned = Map.groupBy(this.owned, ({ topic }) => topic.topicId);
    const topicPartitions = Array.from(owned, ([topicId, each]) => ({ topicId, partitions: each.map(({ partition }) => partition) }));
    const request = {
      groupId: this.group,
      memberId: this.#memberId,
      memberEpoch,
      instanceId: this.life.instanceId,
      ...(saysAll ? { rebalanceTimeoutMs: rebalanceMs, subscribedTopicNames: this.topics.map(({ name }) => name), topicPartitions } : {}),
    };
    return this.link.ask(consumerGroupHeartbeat, request, ({ errorCode }) => errorCode, { channel: this.life.name });
  }

  #refused(error: ErrorName): void {
    this.#mustSayAll = true;
    if (error === 'FENCED_INSTANCE_ID') this.over();
    if (error === 'UNKNOWN_MEMBER_ID' && this.#epoch > 0) this.history.unknown(this.life);
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_MEMBER_EPOCH' || error === 'GROUP_ID_NOT_FOUND') this.lose();
  }
}
