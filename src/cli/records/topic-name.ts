import { CliError, UsageError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** The topic of a command, named as its argument or by -t. @throws CliError, UsageError */
export function topicNameOf(command: string, argument: string | undefined, flag: string | undefined): string {
  if (argument !== undefined && flag !== undefined && argument !== flag)
    throw new UsageError('--topic', flag, `the command is about ${argument} already`, 'Name one topic');
  const name = argument ?? flag;
  if (name === undefined || name === '') throw new CliError(`Name a topic, as in: kafka-lite-cluster ${command} orders.`, exitCodes.usage);
  return name;
}
