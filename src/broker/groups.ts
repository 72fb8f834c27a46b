import {
  type ConsumerGroupConfig,
  CoordinatorRuntime,
  type GroupConfig,
  GroupCoordinator,
  type GroupDecision,
  type GroupRecord,
  groupRecordCodec,
  type Scope,
} from '#coordinators';
import type { EffectiveConfigs, MetadataDelta, MetadataImage } from '#metadata';
import type { Clock, Logger, Random } from '#platform';
import type { Context } from './context.ts';
import type { Coordinators } from './coordinators.ts';
import { offsetsTopic } from './internal-topics.ts';
import { compileNamePattern } from './name-pattern.ts';

export interface GroupsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly configs: EffectiveConfigs;
  readonly coordinators: Coordinators;
  image(): MetadataImage;
  onBroken?: ((error: unknown) => void) | undefined;
}

const groupKey = 0;

/** The groups that this broker coordinates. */
export class Groups {
  readonly #options: GroupsOptions;
  readonly runtime: CoordinatorRuntime<GroupCoordinator, GroupRecord>;
  #config: { readonly image: MetadataImage; readonly value: GroupConfig } | undefined;

  constructor(options: GroupsOptions) {
    this.#options = options;
    const { clock, logger, random, configs, coordinators, image } = options;
    this.runtime = new CoordinatorRuntime({
      topic: offsetsTopic.name,
      clock,
      logger,
      codec: groupRecordCodec,
      commitTimeoutMs: configs.brokerNumber(image(), 'offsets.commit.timeout.ms'),
      makeCore: () =>
        new GroupCoordinator({
          config: () => this.#configNow(),
          configOf: (groupId) => this.#configOf(groupId),
          topics: () => image().topics,
          metadataVersion: () => image().offset,
          compileRegex: compileNamePattern,
          newId: () => random.uuid(),
        }),
      onBroken: (error) => options.onBroken?.(error),
    });
    coordinators.add(groupKey, offsetsTopic, this.runtime);
  }

  /**
   * Has the coordinator of the group decide.
   * @throws KafkaError (by a rejection) NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, and what the coordinator throws
   */
  async ask<Response>(
    groupId: string,
    context: Pick<Context, 'image'>,
    decide: (coordinator: GroupCoordinator, scope: Scope) => GroupDecision<Response>,
  ): Promise<Response> {
    return this.runtime.ask(this.#options.coordinators.partitionOf(groupKey, groupId, context), decide);
  }

  /** The metadata have changed. */
  apply(_image: MetadataImage, delta: MetadataDelta): void {
    const deleted = new Set(delta.topics.deleted.map(({ name }) => name));
    for (const { name } of delta.topics.created) deleted.delete(name);
    if (deleted.size > 0) this.runtime.tellAll((coordinator, scope) => coordinator.offsets.topicsDeleted(deleted, scope));
  }

  close(): void {
    this.runtime.close();
  }

  #configOf(groupId: string): ConsumerGroupConfig {
    const image = this.#options.image();
    const own = image.configs.of('group', groupId);
    const number = (name: string) => {
      const set = own.get(name);
      return set === undefined ? this.#options.configs.brokerNumber(image, `group.${name}`) : Number(set);
    };
    return { sessionTimeoutMs: number('consumer.session.timeout.ms'), heartbeatIntervalMs: number('consumer.heartbeat.interval.ms') };
  }

  #configNow(): GroupConfig {
    const image = this.#options.image();
    if (this.#config?.image !== image) this.#config = { image, value: groupConfig(this.#options.configs, image) };
    return this.#config.value;
  }
}

function groupConfig(configs: EffectiveConfigs, image: MetadataImage): GroupConfig {
  const number = (name: string) => configs.brokerNumber(image, name);
  const policy = configs.broker(image, 'group.consumer.migration.policy');
  return {
    minSessionTimeoutMs: number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: number('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: number('group.initial.rebalance.delay.ms'),
    maxSize: number('group.max.size'),
    maxMetadataBytes: number('offset.metadata.max.bytes'),
    offsetsRetentionMs: number('offsets.retention.minutes') * 60_000,
    retentionCheckMs: number('offsets.retention.check.interval.ms'),
    consumerMaxSize: number('group.consumer.max.size'),
    mayUpgrade: policy === 'bidirectional' || policy === 'upgrade',
    mayDowngrade: policy === 'bidirectional' || policy === 'downgrade',
  };
}
