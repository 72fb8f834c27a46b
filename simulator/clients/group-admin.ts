import { deleteGroups } from '#protocol/apis/delete-groups.ts';
import { listGroups } from '#protocol/apis/list-groups.ts';
import { offsetDelete } from '#protocol/apis/offset-delete.ts';
import type { GroupHistory } from '../checkers/group-history.ts';
import type { OffsetHistory } from '../checkers/offset-history.ts';
import { placeOf } from '../checkers/transaction-history.ts';
import { CoordinatorLink, groupKey } from './coordinator-link.ts';
import type { GroupTopic } from './group-member.ts';
import { readOffsets } from './offset-reading.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** An administrator who looks at groups and their offsets, and tries to delete them, which works for those that nobody is in. */
export class GroupAdmin {
  readonly #client: SimulatedClient;
  readonly #history: GroupHistory;
  readonly #offsets: OffsetHistory;
  readonly #topics: readonly GroupTopic[];

  constructor(options: { client: SimulatedClient; history: GroupHistory; offsets: OffsetHistory; topics: readonly GroupTopic[] }) {
    this.#client = options.client;
    this.#history = options.history;
    this.#offsets = options.offsets;
    this.#topics = options.topics;
  }

  async run(groups: readonly string[]): Promise<void> {
    const links = groups.map((group) => ({ group, link: new CoordinatorLink(this.#client, groupKey, group) }));
    while (!this.#client.stopped) {
      await this.#client.pause();
      const { group, link } = this.#client.anyOf(links);
      const act = this.#client.random.below(8);
      if (act === 0) await this.#deleteGroup(group, link);
      else if (act === 1) await this.#deleteOffset(group, link);
      else if (act === 2) await this.#client.ask(this.#client.anyBroker(), listGroups, { statesFilter: [], typesFilter: [] });
      else await this.#look(group, link);
    }
  }

  async #look(group: string, link: CoordinatorLink): Promise<void> {
    const { name, topicId, partitions } = this.#client.anyOf(this.#topics);
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    await readOffsets(link, this.#offsets, { group, topic: name, topicId, partitions: all });
  }

  async #deleteGroup(group: string, link: CoordinatorLink): Promise<void> {
    const places = this.#topics.flatMap(({ topicId, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => placeOf(topicId, partition)),
    );
    this.#history.mayBeDeleted(group);
    const deletions = places.map((place) => this.#offsets.commit(group, place, -1n, this.#client.name));
    const response = await link.ask(deleteGroups, { groupsNames: [group] }, ({ results }) => results[0]?.errorCode);
    const error = response === 'not-sent' ? 'NON_EMPTY_GROUP' : response?.results[0]?.errorCode;
    const isRefused = error === 'NON_EMPTY_GROUP' || error === 'GROUP_ID_NOT_FOUND';
    if (isRefused) for (const deletion of deletions) this.#offsets.withdraw(deletion);
    if (error === 'NONE') for (const deletion of deletions) this.#offsets.acknowledge(deletion);
    if (isRefused || error === 'NONE') this.#history.isDeleted(group, error === 'NONE');
  }

  async #deleteOffset(group: string, link: CoordinatorLink): Promise<void> {
    const { name, topicId, partitions } = this.#client.anyOf(this.#topics);
    const partition = this.#client.random.below(partitions);
    const deletion = this.#offsets.commit(group, placeOf(topicId, partition), -1n, this.#client.name);
    const topics = [{ name, partitions: [{ partitionIndex: partition }] }];
    const response = await link.ask(offsetDelete, { groupId: group, topics }, ({ errorCode }) => errorCode);
    const answer = response === 'not-sent' || response === undefined ? undefined : response;
    const error = answer === undefined || answer.errorCode !== 'NONE' ? answer?.errorCode : answer.topics[0]?.partitions[0]?.errorCode;
    if (error === 'NONE') this.#offsets.acknowledge(deletion);
    else if (
      response === 'not-sent' ||
      error === 'GROUP_SUBSCRIBED_TO_TOPIC' ||
      error === 'GROUP_ID_NOT_FOUND' ||
      error === 'NON_EMPTY_GROUP'
    )
      this.#offsets.withdraw(deletion);
  }
}
