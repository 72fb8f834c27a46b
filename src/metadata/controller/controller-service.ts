import { type Clock, type Logger, type Random, sleep } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponseInput } from '#protocol/apis/allocate-producer-ids.ts';
import type { AlterConfigsRequest, AlterConfigsResponseInput } from '#protocol/apis/alter-configs.ts';
import type { AlterPartitionRequest, AlterPartitionResponseInput } from '#protocol/apis/alter-partition.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponseInput,
} from '#protocol/apis/alter-partition-reassignments.ts';
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponseInput } from '#protocol/apis/assign-replicas-to-dirs.ts';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponseInput } from '#protocol/apis/broker-heartbeat.ts';
import type { BrokerRegistrationRequest, BrokerRegistrationResponseInput } from '#protocol/apis/broker-registration.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponseInput } from '#protocol/apis/create-partitions.ts';
import type { CreateTopicsRequest, CreateTopicsResponseInput } from '#protocol/apis/create-topics.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponseInput } from '#protocol/apis/delete-topics.ts';
import type { ElectLeadersRequest, ElectLeadersResponseInput } from '#protocol/apis/elect-leaders.ts';
import type { IncrementalAlterConfigsRequest } from '#protocol/apis/incremental-alter-configs.ts';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponseInput,
} from '#protocol/apis/list-partition-reassignments.ts';
import type { UnregisterBrokerRequest, UnregisterBrokerResponseInput } from '#protocol/apis/unregister-broker.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponseInput } from '#protocol/apis/update-features.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { EffectiveConfigs } from '../configs/effective-configs.ts';
import type { BrokerImage } from '../image/image.ts';
import { encodeRecord, metadataVersionOf } from '../image/records.ts';
import type { CommittedBatch, MetadataLoader } from '../loader.ts';
import { refusal } from './broker-heartbeat.ts';
import { Controller } from './controller.ts';
import type { ControllerSettings, Decision } from './state.ts';
import { Upkeep } from './upkeep.ts';
import { Waiters } from './waiters.ts';

/** The metadata log as its leader writes it: raft. */
export interface MetadataLog {
  readonly clusterId: string | undefined;
  /** The offset that the next record will get. */
  readonly logEndOffset: bigint;
  /** One atomic batch. Returns the offset of its last record. @throws KafkaError NOT_CONTROLLER when not leader of exactly that epoch */
  append(leaderEpoch: number, records: readonly Buffer[]): bigint;
}

export interface ControllerServiceOptions {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly configs: EffectiveConfigs;
  /** Must hear of commits and snapshots before this service does. */
  readonly loader: MetadataLoader;
  readonly metadataLog: MetadataLog;
  readonly settings?: Partial<ControllerSettings>;
  /** How many brokers the cluster was meant to have when this one was started. */
  readonly expectedBrokers?: number;
}

/** The most bytes of records that one act may write: they are one batch, and a batch must fit into a fetch. */
const maxBatchBytes = 8 * 1024 * 1024;
/** How long an act without a timeout of its own may take. */
const defaultTimeoutMs = 30_000;
const longestTimeoutMs = 300_000;
/** How long until a log that took no records is tried again. */
const retryMs = 20;

/** How long after the beginning of a leadership a new topic waits for brokers that are still coming up. */
const assemblyMs = 3000;
const lookAgainMs = 20;

/** Says of an act that was appended, and not answered when the leadership ended, that it may still be committed under the next leader. */
class LeadershipLost extends KafkaError {
  constructor() {
    super('REQUEST_TIMED_OUT', 'the controller ceased to be that before the change was known everywhere; it may be made, or still be made');
  }
}

interface Active {
  readonly controller: Controller;
  readonly leaderEpoch: number;
  /** Monotonic time. */
  readonly since: number;
  readonly commits: Waiters;
  readonly followers: Waiters;
  /** The offset of the last record that this leadership has appended; -1 before. */
  lastAppended: bigint;
  /** Whether the first records of this leadership stand in the log. */
  begun: boolean;
  upkeep: Upkeep | undefined;
}

/**
 * Carries out what the controller decides, while this node leads the metadata log: appends the records and lets the answer leave when
 * they are committed; what clients should find everywhere afterwards, only when every broker in service has applied it (M1). Acts come one after
 * another, each in one go, and each sees what those before it decided.
 */
export class ControllerService {
  readonly #options: ControllerServiceOptions;
  #active: Active | undefined;
  #committedOffset = -1n;
  #retiring = false;

  constructor(options: ControllerServiceOptions) {
    this.#options = options;
  }

  /** Does this node decide? It may learn late that it does not; then nothing that it decides is committed (R14). */
  get isActive(): boolean {
    return this.#active !== undefined;
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async createTopics(request: CreateTopicsRequest, context: { version: number }): Promise<CreateTopicsResponseInput> {
    await this.#untilAssembled();
    const { response, late } = await this.#change((controller) => controller.createTopics(request, context.version), request.timeoutMs);
    return late === undefined ? response : { ...response, topics: response.topics.map((row) => lateRow(row, late)) };
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async deleteTopics(request: DeleteTopicsRequest, context: { version: number }): Promise<DeleteTopicsResponseInput> {
    const { response, late } = await this.#change((controller) => controller.deleteTopics(request, context.version), request.timeoutMs);
    return late === undefined ? response : { ...response, responses: response.responses.map((row) => lateRow(row, late)) };
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async createPartitions(request: CreatePartitionsRequest): Promise<CreatePartitionsResponseInput> {
    const { response, late } = await this.#change((controller) => controller.createPartitions(request), request.timeoutMs);
    return late === undefined ? response : { ...response, results: response.results.map((row) => lateRow(row, late)) };
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async alterConfigs(request: AlterConfigsRequest): Promise<AlterConfigsResponseInput> {
    const { response, late } = await this.#change((controller) => controller.alterConfigs(request), defaultTimeoutMs);
    return late === undefined ? response : { ...response, responses: response.responses.map((row) => lateRow(row, late)) };
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async incrementalAlterConfigs(request: IncrementalAlterConfigsRequest): Promise<AlterConfigsResponseInput> {
    const { response, late } = await this.#change((controller) => controller.incrementalAlterConfigs(request), defaultTimeoutMs);
    return late === undefined ? response : { ...response, responses: response.responses.map((row) => lateRow(row, late)) };
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async updateFeatures(request: UpdateFeaturesRequest): Promise<UpdateFeaturesResponseInput> {
    return (await this.#decide((controller) => controller.updateFeatures(request), request.timeoutMs)).response;
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async unregisterBroker(request: UnregisterBrokerRequest): Promise<UnregisterBrokerResponseInput> {
    return (await this.#decide((controller) => controller.unregisterBroker(request), defaultTimeoutMs)).response;
  }

  /** @throws KafkaError NOT_CONTROLLER, INVALID_REQUEST, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async electLeaders(request: ElectLeadersRequest): Promise<ElectLeadersResponseInput> {
    return (await this.#decide((controller) => controller.electLeaders(request), request.timeoutMs)).response;
  }

  /** Answered when the move has begun. @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT (the outcome is then unknown) */
  async alterPartitionReassignments(request: AlterPartitionReassignmentsRequest): Promise<AlterPartitionReassignmentsResponseInput> {
    return (await this.#decide((controller) => controller.alterPartitionReassignments(request), request.timeoutMs)).response;
  }

  /** @throws KafkaError NOT_CONTROLLER, REQUEST_TIMED_OUT */
  async listPartitionReassignments(request: ListPartitionReassignmentsRequest): Promise<ListPartitionReassignmentsResponseInput> {
    return (await this.#decide((controller) => controller.listPartitionReassignments(request), request.timeoutMs)).response;
  }

  /** Never throws a KafkaError: its answer says what is wrong. */
  assignReplicasToDirs(request: AssignReplicasToDirsRequest): Promise<AssignReplicasToDirsResponseInput> {
    return this.#toBroker(
      (controller) => controller.assignReplicasToDirs(request),
      (errorCode) => ({ throttleTimeMs: 0, errorCode, directories: [] }),
    );
  }

  /** Never throws a KafkaError: its answer says what is wrong. */
  brokerRegistration(request: BrokerRegistrationRequest): Promise<BrokerRegistrationResponseInput> {
    const { clock } = this.#options;
    return this.#toBroker(
      (controller) => controller.registerBroker(request, clock.monotonic()),
      (errorCode) => ({ throttleTimeMs: 0, errorCode }),
    );
  }

  /** Never throws a KafkaError: its answer says what is wrong. */
  brokerHeartbeat(request: BrokerHeartbeatRequest): Promise<BrokerHeartbeatResponseInput> {
    const { clock } = this.#options;
    const answer = this.#toBroker((controller) => controller.brokerHeartbeat(request, clock.monotonic()), refusal);
    this.#releaseFollowers();
    return answer;
  }

  /** Never throws a KafkaError: its answer says what is wrong. */
  allocateProducerIds(request: AllocateProducerIdsRequest): Promise<AllocateProducerIdsResponseInput> {
    return this.#toBroker(
      (controller) => controller.allocateProducerIds(request),
      (errorCode) => ({ throttleTimeMs: 0, errorCode, producerIdStart: 0n, producerIdLen: 0 }),
    );
  }

  /** Never throws a KafkaError: its answer says what is wrong. */
  alterPartition(request: AlterPartitionRequest, context: { version: number }): Promise<AlterPartitionResponseInput> {
    return this.#toBroker(
      (controller) => controller.alterPartition(request, context.version),
      (errorCode) => ({ throttleTimeMs: 0, errorCode, topics: [] }),
    );
  }

  /**
   * Somebody has found out that this incarnation of a broker is gone, say because nobody listens at its address any more: takes it out of service at once
   * instead of at the end of its session. Should it live after all, its next heartbeat brings it back.
   */
  brokerVanished(brokerId: number, brokerEpoch: bigint): void {
    const active = this.#active;
    if (active === undefined) return;
    active.upkeep?.fence(active.controller.fenceVanished(brokerId, brokerEpoch), 'gone');
  }

  handleCommit(batch: CommittedBatch): void {
    this.#committed(batch.lastOffset);
  }

  handleSnapshot(snapshot: { readonly endOffset: bigint }): void {
    this.#committed(snapshot.endOffset - 1n);
  }

  handleLeaderChange({ leaderId, leaderEpoch }: { readonly leaderId: number; readonly leaderEpoch: number }): void {
    if (this.#active?.leaderEpoch === leaderEpoch && leaderId === this.#options.nodeId) return;
    this.#resign();
    if (leaderId === this.#options.nodeId) this.#begin(leaderEpoch);
  }

  /**
   * Before a shutdown in good order, while the other brokers can still follow: takes no more changes from clients, who look for the next
   * controller, and resolves when those under way are answered, or after `timeoutMs`.
   */
  async retire(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#retiring = true;
    const deadline = clock.monotonic() + timeoutMs;
    const isBusy = () => this.#active !== undefined && this.#active.commits.size + this.#active.followers.size > 0;
    while (isBusy() && clock.monotonic() < deadline) await sleep(clock, lookAgainMs);
  }

  /** Ends what is under way; answers that have not left are refused. */
  close(): void {
    this.#resign();
  }

  #begin(leaderEpoch: number): void {
    const { clock, configs, random, loader, metadataLog, log } = this.#options;
    const clusterId = metadataLog.clusterId;
    if (clusterId === undefined) throw new Error('a metadata log that has a leader has a cluster id');
    const now = clock.monotonic();
    const settings = { sessionTimeoutMs: configs.brokerNumber(loader.image, 'broker.session.timeout.ms'), ...this.#options.settings };
    const controller = new Controller({ clusterId, image: loader.image, leaderEpoch, configs, random, now, settings });
    const active: Active = {
      controller,
      leaderEpoch,
      since: now,
      commits: new Waiters(),
      followers: new Waiters(),
      lastAppended: -1n,
      begun: false,
      upkeep: undefined,
    };
    this.#active = active;
    log.info({ leaderEpoch, metadataOffset: String(loader.image.offset) }, 'this broker is the active controller');
    // Raft is in the middle of telling us: it takes records when it is done.
    Promise.resolve().then(() => this.#tryFirstRecords(active));
    const append = (records: readonly MetadataRecord[]) => {
      this.#writeFirstRecords(active);
      this.#append(active, records);
    };
    active.upkeep = new Upkeep({ controller, clock, log, append });
  }

  #tryFirstRecords(active: Active): void {
    if (this.#active !== active) return;
    try {
      this.#writeFirstRecords(active);
    } catch (error) {
      this.#options.log.debug({ error: String(error) }, 'the log takes no records yet, trying again');
      this.#options.clock.after(retryMs, () => this.#tryFirstRecords(active));
    }
  }

  /** What has to stand in the log before anything else of this leadership. @throws KafkaError when the log takes no records */
  #writeFirstRecords(active: Active): void {
    if (active.begun) return;
    const records: MetadataRecord[] = this.#options.loader.transactionIsOpen
      ? [{ name: 'AbortTransactionRecord', value: { reason: 'its controller is gone' } }]
      : [];
    records.push(...active.controller.bootstrap());
    if (records.length > 0) this.#append(active, records);
    active.begun = true;
  }

  #resign(): void {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    active.upkeep?.close();
    active.commits.fail(new LeadershipLost());
    active.followers.fail(new LeadershipLost());
    this.#options.log.info({ leaderEpoch: active.leaderEpoch }, 'this broker is no longer the active controller');
  }

  /** Decides, appends, and waits for the commit. */
  async #decide<R>(
    act: (controller: Controller) => Decision<R>,
    timeoutMs: number,
  ): Promise<{ response: R; offset: bigint | undefined; active: Active }> {
    const active = this.#active;
    if (active === undefined) throw new KafkaError('NOT_CONTROLLER', 'this broker is not the active controller');
    this.#writeFirstRecords(active);
    active.controller.nextOffset = this.#options.metadataLog.logEndOffset;
    const { records, response } = act(active.controller);
    // An answer without records may rest on decisions that are not committed yet, and leaves no sooner than they are.
    const offset = records.length === 0 ? undefined : this.#append(active, records);
    const restsOn = offset ?? active.lastAppended;
    if (restsOn > this.#committedOffset) {
      const late = () => new KafkaError('REQUEST_TIMED_OUT', 'the change is not committed yet; it may still be');
      await active.commits.wait(restsOn, this.#options.clock, boundedTimeout(timeoutMs), late);
    }
    return { response, offset, active };
  }

  /** The same, and waits until every broker in service follows. */
  async #change<R>(
    act: (controller: Controller) => Decision<R>,
    timeoutMs: number,
  ): Promise<{ response: R; late: KafkaError | undefined }> {
    const { clock } = this.#options;
    if (this.#retiring) throw new KafkaError('NOT_CONTROLLER', 'this broker is shutting down');
    const deadline = clock.monotonic() + boundedTimeout(timeoutMs);
    const { response, offset, active } = await this.#decide(act, timeoutMs);
    if (offset === undefined) return { response, late: undefined };
    const laggards = this.#laggards(active, offset);
    if (laggards.length > 0) {
      if (this.#active !== active) throw new LeadershipLost();
      try {
        await active.followers.wait(offset, clock, deadline - clock.monotonic(), () => this.#tooLate(active, offset));
      } catch (error) {
        if (error instanceof KafkaError && error.errorName === 'REQUEST_TIMED_OUT') return { response, late: error };
        throw error;
      }
    }
    active.controller.noteAnswered(offset);
    return { response, late: undefined };
  }

  /**
   * When a cluster starts its brokers come into service one after another. A topic that is made in that moment waits for those that were named, so
   * that it is spread over all of them; one that does not come holds it back for {@link assemblyMs} at most, and one that has died not at all.
   */
  async #untilAssembled(): Promise<void> {
    const { clock } = this.#options;
    const active = this.#active;
    if (active === undefined) return;
    while (this.#active === active && clock.monotonic() < active.since + assemblyMs && this.#isAssembling(active))
      await sleep(clock, lookAgainMs);
  }

  /** Is there a broker that has never been here, that was stopped in good order, or that has just registered? */
  #isAssembling({ controller }: Active): boolean {
    const { clock, loader, expectedBrokers = 0 } = this.#options;
    const brokers = loader.image.brokers.all();
    const isOnItsWay = ({ id, epoch, fenced, inControlledShutdown }: BrokerImage) =>
      fenced && (inControlledShutdown || controller.sessions.isLive(id, epoch, clock.monotonic()));
    if (brokers.filter(({ fenced }) => !fenced).length >= expectedBrokers) return false;
    return brokers.length < expectedBrokers || brokers.some(isOnItsWay);
  }

  async #toBroker<R>(act: (controller: Controller) => Decision<R>, refuse: (error: ErrorName) => R): Promise<R> {
    try {
      return (await this.#decide(act, defaultTimeoutMs)).response;
    } catch (error) {
      // A broker may say the same again to the next controller.
      if (error instanceof LeadershipLost) return refuse('NOT_CONTROLLER');
      if (error instanceof KafkaError) return refuse(error.errorName);
      throw error;
    }
  }

  #append(active: Active, records: readonly MetadataRecord[]): bigint {
    const level = metadataVersionOf(active.controller.image);
    const encoded = records.map((record) => encodeRecord(record, level));
    const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxBatchBytes)
      throw new KafkaError(
        'POLICY_VIOLATION',
        `the request would write ${bytes} bytes of metadata, ${maxBatchBytes} is the most; split it`,
      );
    const offset = this.#options.metadataLog.append(active.leaderEpoch, encoded);
    active.lastAppended = offset;
    active.controller.apply(records, offset, this.#options.clock.monotonic());
    return offset;
  }

  #committed(offset: bigint): void {
    if (offset > this.#committedOffset) this.#committedOffset = offset;
    this.#active?.commits.release((waiting) => waiting <= this.#committedOffset);
    this.#releaseFollowers();
  }

  #releaseFollowers(): void {
    const active = this.#active;
    if (active === undefined || active.followers.size === 0) return;
    active.followers.release((offset) => {
      if (this.#laggards(active, offset).length > 0) return false;
      // At once: a broker whose next heartbeat would put it into service must have what clients are being told of.
      active.controller.noteAnswered(offset);
      return true;
    });
  }

  /** The brokers in service, and those about to be, that have not applied the offset. Committed metadata says who is in service: clients may still go there. */
  #laggards(active: Active, offset: bigint): number[] {
    const { sessions } = active.controller;
    const now = this.#options.clock.monotonic();
    return this.#options.loader.image.brokers
      .all()
      .filter(({ id, epoch, fenced }) => (!fenced || sessions.isJoining(id, epoch, now)) && sessions.metadataOffset(id, epoch) < offset)
      .map(({ id }) => id);
  }

  #tooLate(active: Active, offset: bigint): KafkaError {
    const laggards = this.#laggards(active, offset).join(', ');
    return new KafkaError('REQUEST_TIMED_OUT', `the change is made, but not every broker has applied it yet: ${laggards}`);
  }
}

/** A client that asks not to wait at all is better served by an answer that it can build on, and waits a moment. */
function boundedTimeout(timeoutMs: number): number {
  return timeoutMs <= 0 ? defaultTimeoutMs : Math.min(timeoutMs, longestTimeoutMs);
}

/** A row that would have said NONE, had all brokers applied the change in time. */
function lateRow<R extends { errorCode: ErrorName; errorMessage?: string | null }>(row: R, late: KafkaError): R {
  return row.errorCode === 'NONE' ? { ...row, errorCode: late.errorName, errorMessage: late.message } : row;
}
