import { listGroups } from '#protocol/apis/list-groups.ts';
import { handler } from '../handler.ts';

const typeNames = { classic: 'Classic', consumer: 'Consumer' } as const;

/** ListGroups: which groups does this broker coordinate? Filters are taken in any case, as Kafka does. */
export const handleListGroups = handler(
  listGroups,
  '0-5',
  async ({ statesFilter, typesFilter }, context) => {
    const found = (await context.groups.runtime.askAll((groups) => groups.listGroups())).flat();
    const isWanted = (filter: readonly string[], name: string) =>
      filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === name.toLowerCase());
    const groups = found
      .filter(({ state, type }) => isWanted(statesFilter, state) && isWanted(typesFilter, type))
      .map(({ groupId, protocolType, state, type }) => ({ groupId, protocolType, groupState: state, groupType: typeNames[type] }));
    return { throttleTimeMs: 0, errorCode: 'NONE' as const, groups };
  },
  { failed: (_, error) => ({ throttleTimeMs: 0, errorCode: error.errorName, groups: [] }) },
);
