import { Command, CommanderError } from 'commander';
import { addAdminCommands } from './admin/commands.ts';
import { addBroker } from './broker-command.ts';
import { CliError } from './cli-error.ts';
import { addClients } from './clients/commands.ts';
import { addCompletion } from './completion/command.ts';
import { addDoctor } from './doctor/command.ts';
import { type ExitCode, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { addRecordCommands } from './records/commands.ts';
import { StandardOutput } from './standard-output.ts';
import { tell } from './tell.ts';
import { addUp } from './up/command.ts';
import { programVersion } from './version.ts';

/**
 * Runs the command line and gives the exit code. Every command is loaded when it is called, so that --help and mistakes are answered at once.
 * @param args without the program's own name
 */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const output = new StandardOutput();
  return output.end(await carryOut(args, output));
}

async function carryOut(args: readonly string[], output: StandardOutput): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const separator = args.indexOf('--');
  const program = commandLine(separator < 0 ? undefined : args.slice(separator + 1), (result) => {
    code = result;
  });
  try {
    // Asked by the scripts that `completion` prints.
    if (args[0] === 'complete' && args[1] === '--')
      return await (await import('./completion/index.ts')).printSuggestions(program, args.slice(2));
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CliError) {
      tell(`error: ${error.message}`);
      return error.exitCode;
    }
    if (output.hasFailedWith(error)) return exitCodes.ok;
    throw error;
  }
}

/** One dash and a word is hardly ever a flag that does not exist. */
function withDashes(text: string): string {
  const [, name] = /^error: unknown option '(-[^-]\S+)'/.exec(text) ?? [];
  return name === undefined ? text : `${text.trimEnd()}\n(a name that begins with a dash is written behind two of them: -- ${name})\n`;
}

/** All commands, with what they take. */
export function commandLine(words: readonly string[] | undefined, done: (code: ExitCode) => void): Command {
  const program = new Command('kafka-lite-cluster')
    .description('A real Kafka cluster, one npm command away.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(withDashes(text)) })
    .exitOverride();
  program.addHelpText(
    'after',
    `
Examples:
  kafka-lite-cluster up --count=3 --port=8080
  kafka-lite-cluster broker --id=1 --port=8080 --peers=localhost:8081,localhost:8082
  kafka-lite-cluster producer --meta=localhost:8080
  kafka-lite-cluster consumer --meta=localhost:8080
  kafka-lite-cluster topic describe --meta=localhost:8080
${exitCodesHelp()}`,
  );
  addUp(program, words, done);
  addBroker(program, done);
  addClients(program, done);
  addRecordCommands(program, done);
  addAdminCommands(program, done);
  addDoctor(program, done);
  addCompletion(program, done);
  return program;
}
