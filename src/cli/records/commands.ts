import type { Command } from 'commander';
import { asking, collect, help } from '../admin/command-help.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { ConsumeFlags } from './consume-flags.ts';
import type { CopyFlags } from './copy-command.ts';
import type { ProduceFlags } from './produce-flags.ts';

/** Adds `consume`, `produce` and `tail`, which read and write records of a running cluster, any Kafka cluster. */
export function addRecordCommands(program: Command, done: (code: ExitCode) => void): void {
  addConsume(program, done);
  addTail(program, done);
  addProduce(program, done);
}

const formatHelp = `
A format (-f) is text in which these stand for parts of a record, as in kcat and rpk:
  %k %v  key and value; %k{hex}, %v{base64} for bytes that are no text    %K %V  their lengths, -1 for null
  %t %p %o  topic, partition, offset     %T  timestamp in ms since 1970    %h %H  headers, their number
  %s %S %d  the same as %v %V %T         \\n \\t \\xNN  line end, tab, any byte
`;

function output(command: Command): Command {
  return command
    .option('-t, --topic <name>', 'the same as the argument')
    .option('-p, --partition <n,...>', 'only these partitions')
    .option('--output <form>', 'text (a value a line), ndjson (a record a line, nothing lost), json, or raw (values, nothing between)')
    .option('-f, --format <text>', 'a form of your own, see below')
    .option('--null <text>', 'what stands for a null in text and format', '')
    .option('-c, --count <N>', 'end after so many records')
    .option(
      '--isolation-level <level>',
      'read_committed, or read_uncommitted to see records of open and aborted transactions',
      'read_committed',
    );
}

function addConsume(program: Command, done: (code: ExitCode) => void): void {
  const consume = output(
    asking(program.command('consume [topic]').description('print the records of a topic, from its beginning, and what arrives')),
  )
    .option('--offset <place>', 'where to begin: beginning, end, an offset, +N, -N, @ and a moment (default: beginning)')
    .option('-o <word>', 'a form as --output takes it, or a place as --offset does (may be repeated)', collect)
    .option('-e, --exit', 'end at the end, as it is now')
    .option('--until <place>', 'end there: a place, or a moment')
    .option('-g, --group <name>', 'read as a member of this group, from where it stopped; what is printed is committed');
  consume
    .addHelpText(
      'after',
      `${formatHelp}${help('consume orders -e', "consume orders -o -10 -e -f '%p %o %k=%v\\n'", 'consume orders --offset=@2026-11-25T08:30:00 --until=@2026-11-25T09:00:00 -o ndjson', 'consume orders --group=readers -c 100')}`,
    )
    .action(async (topic: string | undefined, flags: ConsumeFlags) =>
      done(await (await import('./consume-command.ts')).runConsume(topic, flags, { at: 'beginning' })),
    );
}

function addTail(program: Command, done: (code: ExitCode) => void): void {
  output(asking(program.command('tail [topic]').description('print what arrives in a topic, after the last records of each partition')))
    .option('-n, --last <N>', 'how many of them', '0')
    .option('-o <form>', 'the same as --output', collect)
    .addHelpText('after', `${formatHelp}${help('tail orders', 'tail orders -n 10 -o ndjson')}`)
    .action(async (topic: string | undefined, flags: ConsumeFlags & { last: string }) =>
      done(await (await import('./tail-command.ts')).runTail(topic, flags)),
    );
}

function addProduce(program: Command, done: (code: ExitCode) => void): void {
  asking(program.command('produce [topic]').description('write the records that come in on stdin, a line each'))
    .option('-t, --topic <name>', 'the same as the argument')
    .option(
      '-i, --input <form>',
      'text (a value a line), ndjson (as consume --output=ndjson prints it), json, or raw (all of it is one value)',
      'text',
    )
    .option('-p, --partition <n>', 'write there (default: by key, as all Kafka clients do)')
    .option('--keep-partitions', 'write each record of ndjson or json to the partition that it names')
    .option('-k, --key <text>', 'the key of all records that have none')
    .option('-K, --key-separator <text>', 'what stands between key and value in a line')
    .option('-H, --header <name=value>', 'a header for all records (may be repeated)', collect)
    .option('-Z, --tombstone', 'an empty value is a null')
    .option('--timestamp <moment>', 'of all records that have none (default: now)')
    .option('-z, --compression <codec>', 'none, gzip, snappy, lz4 or zstd', 'none')
    .option('--acks <level>', 'all (every replica in sync has it) or 1 (the leader has it)', 'all')
    .option('--no-idempotence', 'for clusters that have none: what may have been written is not written again')
    .option('--resume <name>', 'write each record of another topic once, however often this is run: see below')
    .option('--append', 'a new --resume may add to a topic that has records already')
    .addHelpText(
      'after',
      `
--resume=NAME keeps on the target how far it has come in each partition of the source, in the same transactions as the records. Run the same
command again after it was broken off, and it leaves out what the target has. Other readers see the records with read_committed.
${help('produce orders', 'produce orders -K : -H source=shell -z zstd', 'produce orders --input=ndjson')}`,
    )
    .action(async (topic: string | undefined, flags: ProduceFlags) =>
      done(await (await import('./produce-command.ts')).runProduce(topic, flags)),
    );
}

/** Adds `topic copy`. */
export function addCopy(topic: Command, done: (code: ExitCode) => void): void {
  asking(
    topic
      .command('copy <topic> [as]')
      .alias('cp')
      .description('copy each record of a topic once, to another cluster or under another name'),
  )
    .option('--to <host:port,...>', 'brokers of the cluster to copy to (default: the same cluster)')
    .option('--name <name>', 'what the copy is called at the target (default: copy-of-TOPIC)')
    .option('--follow', 'go on with what arrives, until interrupted')
    .option('--append', 'a new copy may add to a topic that has records already')
    .option('-z, --compression <codec>', 'none, gzip, snappy, lz4 or zstd', 'none')
    .addHelpText(
      'after',
      `
Keys, values, headers, timestamps and partitions stay as they are, offsets are the target's own. The topic is made when it is not there. How far
the copy has come is kept at the target as offsets of a group of its name, in the same transactions as the records: after Ctrl-C, or a crash, the
same command goes on where it stopped, and nothing is lost or there twice for those who read with read_committed.
${help('topic copy orders --to=localhost:9092', 'topic copy orders orders-2')}`,
    )
    .action(async (name: string, as: string | undefined, flags: CopyFlags) =>
      done(await (await import('./copy-command.ts')).runCopy(name, as, flags)),
    );
}
