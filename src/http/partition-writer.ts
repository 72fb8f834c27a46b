import { sleep } from '#platform';
import { buildRecordBatch, isRetriable } from '#protocol';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { type ProduceResponse, produce } from '#protocol/apis/produce.ts';
import { mayTryAgain, type PartitionKey, type Surroundings, type Tried, tryLeader } from './leader-request.ts';
import type { Patience } from './patience.ts';
import { HttpProblem, outcomeUnknown, problemOfErrorName } from './problem.ts';

/** The connection gives up so much later than the leader, whose answer says more. */
const answerGraceMs = 1_000;
const pauseForIdMs = 50;
/** Kafka's sequences begin again at 0 after this one. */
const largestSequence = 0x7fffffff;

/** Refusals that speak of the producer id and not of the messages. */
const refusesProducer: ReadonlySet<string> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'INVALID_PRODUCER_EPOCH', 'UNKNOWN_PRODUCER_ID']);

type WrittenPartition = ProduceResponse['responses'][number]['partitionResponses'][number];

/** What a batch holds of a message. */
export interface Message {
  readonly value: Buffer;
  readonly timestamp: bigint;
}

/** Under which a batch is written: the leader takes each sequence once, and answers a batch that it has with the offset it got first. */
interface Identity {
  readonly producerId: bigint;
  /** Of the next message. */
  readonly sequence: number;
}

export interface PartitionWriterOptions extends Surroundings, PartitionKey {
  readonly patience: Patience;
  /** Beyond it another producer id is taken. */
  readonly largestSequence?: number;
}

/**
 * Writes batches to one partition, one at a time, as an idempotent producer (KIP-98). A batch whose outcome is not known is sent again as it
 * is, with the same producer id, epoch and sequence, to whoever leads: then it is in the log once, whether the first try had arrived,
 * arrives late, or never does (H2).
 *
 * What a refusal proves, for a batch of sequence s:
 * - As long as every try of it was refused, nothing of it is in any log and nothing of it is on its way. Its sequence is free: the next batch takes it.
 * - After a try without an answer a refusal proves nothing. What was sent first may be in a log, or lie in a socket and be appended later. Only the
 *   leader's acknowledgement, of the batch or of its repetition, ends the doubt. When it does not come in time the answer is "unknown", and
 *   the producer id is given up with the batch: whatever arrives late still fits it, and nothing that is sent later repeats or overtakes it.
 * - OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID and INVALID_PRODUCER_EPOCH say that the leader knows another history of this producer
 *   than this writer, to whom all before s was acknowledged. Nobody else writes under the id, and sequences beyond s were never sent. So that
 *   leader has lost what was acknowledged (an unclean election, records deleted with their producer), or is none any more. If this was the
 *   first try the batch is in no log, and may go under a new id, with which no history is needed; else its outcome is unknown.
 */
export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  /** Absent while a batch is under way, and after one whose outcome is unknown. */
  #identity: Identity | undefined;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
  }

  /**
   * The offset of the first message, when all are as durable as acks=all promises.
   * @param arrivedAt when the newest of the messages came, in monotonic time; the wait for a leader counts from then
   * @throws HttpProblem; 504 OUTCOME_UNKNOWN when they may be in the log or get there, any other when they are not and will not be
   */
  async write(messages: readonly Message[], arrivedAt: number): Promise<bigint> {
    const waitUntil = arrivedAt + this.#options.patience.leaderMs;
    const first = await this.#writeAs(await this.#takeIdentity(messages.length, waitUntil), messages, waitUntil);
    if (typeof first === 'bigint') return first;
    // Refused at the first try, because of the producer id alone: it is in no log.
    const second = await this.#writeAs(await this.#takeIdentity(messages.length, waitUntil), messages, waitUntil);
    if (typeof second === 'bigint') return second;
    throw second;
  }

  /** @returns the offset, or a refusal of nothing but the producer id, at the first try; the id is then given up */
  async #writeAs(identity: Identity, messages: readonly Message[], waitUntil: number): Promise<bigint | HttpProblem> {
    const { producerId, sequence } = identity;
    const records = buildRecordBatch({ records: messages, producerId, producerEpoch: 0, baseSequence: sequence });
    const doubtUntil = this.#options.clock.monotonic() + this.#options.patience.outcomeMs;
    let doubt: HttpProblem | undefined;
    for (;;) {
      const tried = await this.#try(records, doubtUntil).catch((thrown: unknown) => {
        throw doubt ?? thrown;
      });
      if (tried.outcome === 'answered') {
        this.#identity = { producerId, sequence: sequence + messages.length };
        return tried.answer.baseOffset;
      }
      if (tried.outcome === 'refused') {
        if (doubt !== undefined) throw outcomeUnknown(`It was sent before without an answer, and now refused: ${tried.problem.message}`);
        if (refusesProducer.has(tried.errorCode)) return tried.problem;
        // A failure inside of the leader says nothing certain of its log.
        if (tried.problem.status < 500) this.#identity = identity;
        throw tried.problem;
      }
      if (tried.outcome === 'unknown') doubt = tried.problem;
      if (await mayTryAgain(this.#options, this.#options, tried.seen, doubt === undefined ? waitUntil : doubtUntil)) continue;
      if (doubt !== undefined) throw doubt;
      this.#identity = identity;
      throw tried.problem;
    }
  }

  #try(records: Buffer, doubtUntil: number): Promise<Tried<WrittenPartition>> {
    const { router, clock, partition } = this.#options;
    const timeoutMs = Math.max(1, Math.ceil(doubtUntil - clock.monotonic()));
    return tryLeader(this.#options, this.#options, 'write', async (to, topic) => {
      const topicData = [{ name: topic.name, topicId: topic.id, partitionData: [{ index: partition, records }] }];
      const request = { transactionalId: null, acks: -1, timeoutMs, topicData };
      const response = await router.send(produce, request, to, { timeoutMs: timeoutMs + answerGraceMs });
      return response.responses[0]?.partitionResponses[0];
    });
  }

  /** The identity, out of reach until it is put back; a new one when there is none, or its sequences would begin again. */
  async #takeIdentity(count: number, waitUntil: number): Promise<Identity> {
    const kept = this.#identity;
    this.#identity = undefined;
    if (kept !== undefined && kept.sequence + count - 1 <= (this.#options.largestSequence ?? largestSequence)) return kept;
    return { producerId: await newProducerId(this.#options, waitUntil), sequence: 0 };
  }
}

/** An id that nobody has had (I5). The broker has a stock of them; when that is used up, the controller gives more. @throws HttpProblem 503 */
async function newProducerId({ router, clock }: Surroundings, waitUntil: number): Promise<bigint> {
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
  for (;;) {
    const { errorCode, producerId } = await router.send(initProducerId, request, 'local');
    if (errorCode === 'NONE') return producerId;
    if (!isRetriable(errorCode)) throw problemOfErrorName(errorCode, 'read', null);
    if (clock.monotonic() + pauseForIdMs > waitUntil) throw noProducerId();
    await sleep(clock, pauseForIdMs);
  }
}

function noProducerId(): HttpProblem {
  return new HttpProblem(
    503,
    'COORDINATOR_LOAD_IN_PROGRESS',
    'No producer id is left to write under, and the cluster has no controller that gives one: a majority of its voters must be up. Nothing was done; try again.',
  );
}
