import type { Command } from 'commander';
import { asking } from '../admin/command-help.ts';
import { type ExitCode, exitCodesHelp } from '../exit-codes.ts';
import type { DoctorFlags } from './doctor-command.ts';

/** Adds `doctor`. */
export function addDoctor(program: Command, done: (code: ExitCode) => void): void {
  asking(
    program.command('doctor').description('look at this machine, and at a cluster when one is named, and say what is wrong and what to do'),
  )
    .option('--data <dir>', 'the data directory whose disk is looked at (default: this one)')
    .option('--port <port>', 'the port that a broker would use', '8080')
    .addHelpText(
      'after',
      `
Warnings are no failures.

Examples:
  kafka-lite-cluster doctor
  kafka-lite-cluster doctor --meta=localhost:8080
${exitCodesHelp({ 0: 'nothing has failed', 1: 'something has failed', 3: null, 4: null })}`,
    )
    .action(async (flags: DoctorFlags) => done(await (await import('./doctor-command.ts')).runDoctor(flags)));
}
