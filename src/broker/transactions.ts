import { TransactionService } from '#coordinators';
import type { EffectiveConfigs, MetadataImage } from '#metadata';
import type { Clock, Logger } from '#platform';
import type { WriteTxnMarkersRequestInput, WriteTxnMarkersResponse } from '#protocol/apis/write-txn-markers.ts';
import type { Coordinators } from './coordinators.ts';
import { transactionsTopic } from './internal-topics.ts';
import type { ProducerIds } from './producer-ids.ts';

export interface TransactionsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly image: () => MetadataImage;
  readonly configs: EffectiveConfigs;
  readonly coordinators: Coordinators;
  readonly producerIds: ProducerIds;
  /** Sends to a broker, which may be this one. */
  readonly sendMarkers: (brokerId: number, request: WriteTxnMarkersRequestInput) => Promise<WriteTxnMarkersResponse>;
  readonly onBroken: (error: unknown) => void;
}

/** The coordinator of transactions of a broker, connected with its leaderships, its metadata and the other brokers. */
export function startTransactions(options: TransactionsOptions): TransactionService {
  const { clock, log, image, configs, coordinators, producerIds, sendMarkers, onBroken } = options;
  const number = (name: string) => configs.brokerNumber(image(), name);
  const service = new TransactionService({
    clock,
    logger: log,
    settings: {
      timeoutCheckMs: number('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
      expiryCheckMs: number('transaction.remove.expired.transaction.cleanup.interval.ms'),
      expirationMs: number('transactional.id.expiration.ms'),
    },
    maxTimeoutMs: () => number('transaction.max.timeout.ms'),
    partitions: () => image().topics.byName(transactionsTopic.name)?.partitions.length,
    nextProducerId: () => producerIds.next(),
    leaderOf: (topic, partition) => image().topics.byName(topic)?.partitions[partition]?.leader,
    send: sendMarkers,
    onBroken,
  });
  coordinators.add(1, transactionsTopic, service);
  return service;
}
