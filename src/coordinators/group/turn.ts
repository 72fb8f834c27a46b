import type { MetadataImage } from '#metadata';
import type { ErrorName, KafkaError } from '#protocol';
import type { Answer, Decision, Now, Scope, Ticket } from '../runtime/index.ts';
import type { ConsumerGroupConfig, GroupConfig } from './config.ts';
import type { Group } from './group.ts';
import type { GroupRecord } from './records.ts';
import type { Timers } from './timers.ts';

export type CompileRegex = (regularExpression: string) => (topic: string) => boolean;

export type TopicsImage = MetadataImage['topics'];

export type GroupDecision<Response> = Decision<Response, GroupRecord>;

/** What groups need of their surroundings. */
export interface GroupHost {
  readonly timers: Timers;
  readonly config: GroupConfig;
  /** The topics that there are now. */
  readonly topics: TopicsImage;
  /** The settings of one consumer group. */
  configOf(groupId: string): ConsumerGroupConfig;
  groupOf(groupId: string): Group | undefined;
  /** The offset of the metadata that {@link topics} is of. */
  readonly metadataVersion: bigint;
  /** Whether a topic's whole name matches an RE2 expression. @throws KafkaError INVALID_REGULAR_EXPRESSION */
  readonly compileRegex: CompileRegex;
  /** A new id for a member, behind the given prefix. */
  newId(): string;
}

/** One decision while it is being made: all that acts on a group adds to it what is to be written and who is to be told what. */
export class Turn {
  readonly host: GroupHost;
  readonly scope: Scope;
  readonly records: GroupRecord[] = [];
  readonly #answers: Answer[] = [];
  readonly #undo: ((error: KafkaError, turn: Turn) => void)[] = [];

  constructor(host: GroupHost, scope: Scope) {
    this.host = host;
    this.scope = scope;
  }

  get now(): Now {
    return this.scope.now;
  }

  /** The request that is being answered. */
  get ticket(): Ticket {
    return this.scope.ticket;
  }

  /** Tells who waits under that ticket; nobody does under undefined. */
  answer(ticket: Ticket | undefined, response: unknown): void {
    if (ticket !== undefined) this.#answers.push({ ticket, response });
  }

  /** Answers the request that is being answered. */
  respond(response: unknown): void {
    this.answer(this.ticket, response);
  }

  /** What mends the group when the records of this turn cannot be appended. It may answer others, and write nothing. */
  onFailure(undo: (error: KafkaError, turn: Turn) => void): void {
    this.#undo.push(undo);
  }

  decision<Response>(
    more: Pick<Decision<Response, GroupRecord>, 'response' | 'transaction' | 'divisible'> = {},
  ): Decision<Response, GroupRecord> {
    return {
      ...more,
      records: this.records,
      answers: this.#answers,
      failed: (error, scope) => this.#failed(error, scope),
    };
  }

  #failed(error: KafkaError, scope: Scope): readonly Answer[] {
    const turn = new Turn(this.host, scope);
    for (const undo of this.#undo) undo(error, turn);
    // Whom the undoing has no other answer for gets the one that was meant: nobody is left waiting.
    return [...turn.#answers, ...this.#answers];
  }
}

/** The error name of an answer; for clarity where an answer is only that. */
export interface ErrorOnly {
  readonly errorCode: ErrorName;
}
