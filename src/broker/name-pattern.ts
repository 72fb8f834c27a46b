import { RE2JS } from 're2js';
import { KafkaError } from '#protocol';

/** Longer ones are refused: nobody needs them, and their programs would take memory. */
const longest = 1024;

/**
 * Which topics, or transactional ids, an RE2 expression stands for: those whose whole name it matches. Its time is linear in the length of the name, whatever the expression.
 * @throws KafkaError INVALID_REGULAR_EXPRESSION
 */
export function compileNamePattern(regularExpression: string): (name: string) => boolean {
  if (regularExpression.length > longest)
    throw new KafkaError(
      'INVALID_REGULAR_EXPRESSION',
      `a regular expression has ${longest} characters at most, not ${regularExpression.length}`,
    );
  try {
    const pattern = RE2JS.compile(regularExpression);
    return (name) => pattern.matches(name);
  } catch (error) {
    throw new KafkaError('INVALID_REGULAR_EXPRESSION', `${regularExpression}: ${(error as Error).message}`, { cause: error });
  }
}
