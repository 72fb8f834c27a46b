import type { Address, Disk, Logger } from '#platform';
import { KafkaError } from '#protocol';
import type { LogDirectory, PartitionLog } from '#storage';
import { readFormation, writeFormation } from './formation-file.ts';
import { metadataTopicName, openMetadataLog } from './metadata-log.ts';
import { type ElectionPlace, readElection, writeElection } from './quorum-state.ts';
import { type RecoveredRaft, recoverRaft } from './recovery.ts';
import { readRepair, writeRepair } from './repair-file.ts';
import { readableVoters } from './salvage.ts';
import type { ElectionState, EpochEnd, FormationState, ReplicaKey } from './types.ts';
import { sameReplica } from './voters.ts';

export interface OpenLogOptions {
  readonly disk: Disk;
  readonly logDirectory: LogDirectory;
  /** `.../__cluster_metadata-0` */
  readonly directory: string;
  readonly self: ReplicaKey;
  /** As meta.properties says; undefined before this broker has joined one. */
  readonly clusterId: string | undefined;
  readonly peers: readonly Address[];
  readonly logger: Logger;
}

/** All that a broker's disk says of its part in the metadata quorum. */
export interface OpenedLog extends RecoveredRaft {
  readonly log: PartitionLog;
  readonly election: ElectionState;
  readonly formation: FormationState | undefined;
  /** What this broker must hold again before it votes; undefined when its log is whole. */
  readonly promised: EpochEnd | undefined;
}

interface WholeLog {
  readonly log: PartitionLog;
  readonly recovered: RecoveredRaft;
}

const nothing: ElectionState = { epoch: 0, leaderId: -1, votedFor: undefined };
/** Stands for the end of a log of which nothing is left: nobody reaches it. */
const unknownEnd = 2n ** 63n - 1n;

/**
 * Opens the metadata log, or makes it, and reads what this node has promised. A log that is damaged is set aside under another name, for
 * people to look at, and begins anew, empty, to be copied from the leader: what was promised is remembered first.
 * @throws KafkaError, Error naming the file, when something that must not be guessed at is damaged, or when nobody has a copy of it
 */
export function openLog(options: OpenLogOptions): Promise<OpenedLog> {
  return new LogOpening(options).run();
}

class LogOpening {
  readonly #options: OpenLogOptions;
  readonly #place: ElectionPlace;

  constructor(options: OpenLogOptions) {
    const { disk, directory, logDirectory } = options;
    this.#options = options;
    this.#place = { disk, directory, root: logDirectory.path };
  }

  async run(): Promise<OpenedLog> {
    const { directory, disk, logDirectory, logger } = this.#options;
    const { damage, election: known, isMissing } = readElection(this.#place);
    const election = known ?? nothing;
    const repair = readRepair(disk, logDirectory.path);
    if (repair?.settingAside === true) return this.#beginAnew(election, repair.promised, repair.formation);
    if (isMissing && repair === undefined && this.#isEmpty) {
      const failure = new Error(`${directory} has lost its files.`);
      return this.#setAside(failure, election, { epoch: election.epoch, endOffset: unknownEnd }, undefined);
    }
    if (damage !== undefined) logger.error({ damage }, 'one of the two copies of the election state cannot be used; the other one is');
    if (damage !== undefined || isMissing) await writeElection(this.#place, election);
    const formation = readFormation(disk, directory);
    const found = await this.#inspect();
    if ('failure' in found) {
      if (known === undefined) throw this.#forgotten(`the metadata log is damaged (${found.failure.message})`);
      const { endOffset } = repair?.promised ?? { endOffset: 0n };
      const promised = { epoch: election.epoch, endOffset: found.flushedOffset > endOffset ? found.flushedOffset : endOffset };
      return this.#setAside(found.failure, election, promised, formation);
    }
    this.#checkEpoch(found.log, election);
    if (known === undefined && formation === undefined && this.#belongsToCluster(found)) {
      throw this.#forgotten('its metadata log is empty, though meta.properties names a cluster');
    }
    return { log: found.log, election, formation, promised: repair?.promised, ...found.recovered };
  }

  get #isEmpty(): boolean {
    return this.#failed === undefined && (this.#options.logDirectory.partition(metadataTopicName, 0)?.logEndOffset ?? 0n) === 0n;
  }

  get #failed() {
    return this.#options.logDirectory.failedPartitions().find(({ topic, partition }) => topic === metadataTopicName && partition === 0);
  }

  /** Was this directory in a cluster before? One that Apache Kafka has only formatted says so too. */
  #belongsToCluster({ recovered }: WholeLog): boolean {
    const { clusterId, disk, logDirectory } = this.#options;
    return (
      clusterId !== undefined && recovered.loaded === undefined && disk.stat(`${logDirectory.path}/bootstrap.checkpoint`) === undefined
    );
  }

  /** Without its votes a broker must not be taken for the voter that it was (R2); with another directory id it is another one. */
  #forgotten(what: string): Error {
    return new Error(
      `${this.#place.directory}: ${what}, and there is no quorum-state to tell how this broker has voted. Restore it, or start this broker with an empty data directory, as a new voter.`,
    );
  }

  #checkEpoch(log: PartitionLog, { epoch }: ElectionState): void {
    if (epoch >= (log.lastEpoch ?? 0)) return;
    throw new Error(
      `${this.#place.directory}/quorum-state is missing or damaged: it tells of epoch ${epoch}, and the log has records of epoch ${log.lastEpoch}. Nothing was changed. Restore it, or start this broker with an empty directory.`,
    );
  }

  /** What the log's directory holds; or why it is not whole, and how far it was flushed at least. */
  async #inspect(): Promise<WholeLog | { readonly failure: KafkaError; readonly flushedOffset: bigint }> {
    const failed = this.#failed;
    if (failed !== undefined) return { failure: failed.failure, flushedOffset: failed.recoveryPoint };
    const { directory, disk, logDirectory, logger } = this.#options;
    const log = await openMetadataLog(logDirectory);
    const damaged = (failure: KafkaError) => ({ failure, flushedOffset: log.logEndOffset });
    try {
      const recovered = await recoverRaft(disk, directory, log, logger);
      const gap = this.#gapBefore(log, recovered);
      return gap === undefined ? { log, recovered } : damaged(gap);
    } catch (error) {
      // Whoever reads damage from a log marks it.
      if (log.failure === undefined) throw error;
      return damaged(log.failure);
    }
  }

  /** A log that begins after offset 0 is whole only with a snapshot that reaches its start. */
  #gapBefore(log: PartitionLog, { loaded }: RecoveredRaft): KafkaError | undefined {
    const end = loaded?.id.endOffset ?? 0n;
    if (log.logStartOffset <= end) return undefined;
    const has = loaded === undefined ? 'no snapshot there can be read' : `the newest snapshot that can be read ends at ${end}`;
    return new KafkaError(
      'KAFKA_STORAGE_ERROR',
      `${this.#place.directory} is damaged: its log begins at offset ${log.logStartOffset} and ${has}. Nothing but the names of damaged snapshots was changed; restore them from a copy.`,
    );
  }

  /** First of all it is remembered, durably, that this node must not vote. */
  async #setAside(failure: Error, election: ElectionState, promised: EpochEnd, formation: FormationState | undefined): Promise<OpenedLog> {
    const { directory, disk, logDirectory, logger, peers, self } = this.#options;
    const voters = await readableVoters(disk, directory);
    if (peers.length === 0 || (voters.length === 1 && sameReplica(voters[0]!, self))) {
      throw new KafkaError(
        'KAFKA_STORAGE_ERROR',
        `${failure.message} This broker is the only voter, so there is no other to copy it from.`,
        {
          cause: failure,
        },
      );
    }
    logger.error(
      { error: failure.message, epoch: promised.epoch },
      'the metadata log is damaged; it is set aside and copied again from the leader. Until that is done this broker does not vote: the other voters must be able to elect a leader without it',
    );
    // The copy has to be there before quorum-state goes with its directory.
    if (election.epoch > 0 && disk.stat(directory) !== undefined) await writeElection(this.#place, election);
    await writeRepair(disk, logDirectory.path, { promised, settingAside: true, formation });
    return this.#beginAnew(election, promised, formation);
  }

  /** A crash in its middle leads here again. */
  async #beginAnew(election: ElectionState, promised: EpochEnd, formation: FormationState | undefined): Promise<OpenedLog> {
    const { directory, disk, logDirectory } = this.#options;
    const found = await this.#inspect();
    if ('failure' in found) await logDirectory.setAside(metadataTopicName, 0, found.failure);
    const log = await openMetadataLog(logDirectory);
    if (election.epoch > 0) await writeElection(this.#place, election);
    if (formation !== undefined) await writeFormation(disk, directory, formation);
    const recovered = 'failure' in found ? await recoverRaft(disk, directory, log, this.#options.logger) : found.recovered;
    await writeRepair(disk, logDirectory.path, { promised, settingAside: false, formation: undefined });
    return { log, election, formation, promised, ...recovered };
  }
}
