import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addCopy } from '../records/commands.ts';
import type { AdminFlags } from './admin-flags.ts';
import { asking, collect, help } from './command-help.ts';
import { addConfig } from './config-commands.ts';
import { addGroup } from './group-commands.ts';
import type { CreateFlags } from './topic-create.ts';

/** Adds `topic`, `group`, `config` and `quorum`, which ask a running cluster, any Kafka cluster, in Kafka's protocol. */
export function addAdminCommands(program: Command, done: (code: ExitCode) => void): void {
  addTopic(program, done);
  addGroup(program, done);
  addConfig(program, done);
  addQuorum(program, done);
}

function addTopic(program: Command, done: (code: ExitCode) => void): void {
  const topic = program.command('topic').description('list, describe, create and delete topics of a running cluster');
  topic.addHelpText('after', help('topic list', 'topic describe orders', 'topic create orders --partitions=6', 'topic delete orders'));
  asking(topic.command('list').description('the names of all topics'))
    .addHelpText('after', help('topic list'))
    .action(async (flags: AdminFlags) => done(await (await import('./topic-list.ts')).topicList(flags)));
  asking(topic.command('describe [name...]').description('who leads and holds each partition; without names, of all topics'))
    .addHelpText(
      'after',
      `
ISR: the replicas in sync. ELR: replicas that are not, and may still lead, as they have all that was acknowledged (KIP-966).
A question mark stands for what the cluster does not tell.
${help('topic describe', 'topic describe orders payments')}`,
    )
    .action(async (names: string[], flags: AdminFlags) => done(await (await import('./topic-describe.ts')).topicDescribe(names, flags)));
  asking(topic.command('create <name>').description('make a topic; answers when it can be used'))
    .option('--partitions <N>', "how many partitions (default: the cluster's)")
    .option('--replication-factor <N>', "how many replicas of each (default: the cluster's)")
    .option('--config <name=value>', "one of Kafka's topic settings (may be repeated)", collect)
    .option('--if-not-exists', 'leave a topic that is there as it is, and succeed')
    .addHelpText('after', help('topic create orders --partitions=6 --replication-factor=3 --config retention.ms=86400000'))
    .action(async (name: string, flags: CreateFlags) => done(await (await import('./topic-create.ts')).topicCreate(name, flags)));
  asking(topic.command('delete <name...>').description('remove topics and all that they hold'))
    .addHelpText('after', help('topic delete orders'))
    .action(async (names: string[], flags: AdminFlags) => done(await (await import('./topic-delete.ts')).topicDelete(names, flags)));
  addCopy(topic, done);
}

function addQuorum(program: Command, done: (code: ExitCode) => void): void {
  const quorum = program.command('quorum').description('the brokers that agree on the metadata of a running cluster');
  quorum.addHelpText('after', help('quorum describe', 'quorum remove-voter 3', 'quorum add-voter 3'));
  asking(quorum.command('describe').description('who leads the metadata log, who votes, and how far everybody is'))
    .addHelpText('after', help('quorum describe'))
    .action(async (flags: AdminFlags) => done(await (await import('./quorum-describe.ts')).quorumDescribe(flags)));
  asking(quorum.command('add-voter <id>').description('let a broker that follows the metadata log vote on it'))
    .addHelpText(
      'after',
      `
A broker whose disk was replaced is another voter than it was: take the old one out first, with remove-voter.
${help('quorum add-voter 3')}`,
    )
    .action(async (id: string, flags: AdminFlags) => done(await (await import('./quorum-voters.ts')).quorumAddVoter(id, flags)));
  asking(quorum.command('remove-voter <id>').description('take a broker out of those who vote; it goes on as a broker'))
    .addHelpText('after', help('quorum remove-voter 3'))
    .action(async (id: string, flags: AdminFlags) => done(await (await import('./quorum-voters.ts')).quorumRemoveVoter(id, flags)));
}
