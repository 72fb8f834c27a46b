/** What happened in a group, as its members and one who only looks at its commits told it. Times are milliseconds since 1970, of one machine. */
export type GroupEvent =
  /** Now it has these partitions and no others. Its generation (of the new protocol: its epoch) where its client tells that. */
  | {
      readonly type: 'assigned';
      readonly at: number;
      readonly member: string;
      readonly generation: number | undefined;
      readonly partitions: readonly number[];
    }
  | { readonly type: 'revoked'; readonly at: number; readonly member: string; readonly partitions: readonly number[] }
  | {
      readonly type: 'record';
      readonly at: number;
      readonly member: string;
      readonly partition: number;
      readonly offset: number;
      readonly value: string;
    }
  /** A commit was acknowledged, or was found by who looks. */
  | { readonly type: 'committed'; readonly at: number; readonly member: string; readonly partition: number; readonly offset: number }
  /** It is gone, with whatever it had. */
  | { readonly type: 'ended'; readonly at: number; readonly member: string };

/** Parses a line that a member printed. @throws when it is none */
export function eventOf(member: string, line: string): GroupEvent {
  const [type, time, ...words] = line.split(' ');
  const number = (text: string | undefined) => {
    if (text === undefined || !/^\d+$/.test(text)) throw new Error(`${member} printed ${line}`);
    return Number(text);
  };
  const numbers = (text: string | undefined) => (text === '-' ? [] : (text ?? '').split(',').map(number));
  const at = number(time);
  switch (type) {
    case 'assigned':
      return { type, at, member, generation: words[0] === '-' ? undefined : number(words[0]), partitions: numbers(words[1]) };
    case 'revoked':
      return { type, at, member, partitions: numbers(words[0]) };
    case 'record':
      return { type, at, member, partition: number(words[0]), offset: number(words[1]), value: words[2]! };
    case 'committed':
      return { type, at, member, partition: number(words[0]), offset: number(words[1]) };
    default:
      throw new Error(`${member} printed ${line}`);
  }
}

/** kcat's lines, at the time at which they came: records on its standard output, assignments on its standard error. */
export function kcatEventOf(member: string, line: string, at: number): GroupEvent | undefined {
  const [, partition, offset, value] = /^record (\d+) (\d+) (\S+)$/.exec(line) ?? [];
  if (value !== undefined) return { type: 'record', at, member, partition: Number(partition), offset: Number(offset), value };
  const [, type, list] = /^% Group \S+ rebalanced \(memberid \S+\): (assigned|revoked): (.*)$/.exec(line) ?? [];
  if (list === undefined) return undefined;
  const partitions = [...list.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
  return type === 'assigned' ? { type, at, member, generation: undefined, partitions } : { type: 'revoked', at, member, partitions };
}
