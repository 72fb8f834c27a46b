import { copyOf } from '../clients/copier.ts';
import { Violation } from '../violation.ts';
import type { Found } from './record-history.ts';

/**
 * T9: of each record that readers of committed records are given, below what the group has committed, there is one copy among the committed copies, in the same order, and
 * none of any other record.
 */
export function checkCopies(where: string, partition: number, input: readonly Found[], output: readonly string[], committed: bigint): void {
  const copied = output.flatMap((value) => {
    const [, from, offset] = copyOf.exec(value) ?? [];
    return from !== undefined && Number(from) === partition ? [BigInt(offset!)] : [];
  });
  const expected = input.filter(({ offset }) => offset < committed).map(({ offset }) => offset);
  for (let index = 0; index < Math.max(expected.length, copied.length); index++) {
    if (expected[index] === copied[index]) continue;
    throw new Violation(
      'T9',
      `${where}: copy ${index} of partition ${partition} is of ${copied[index] ?? 'nothing'} and should be of ${expected[index] ?? 'nothing'}; committed up to ${committed}`,
    );
  }
}
