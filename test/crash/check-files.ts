import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { foreign, leftOut } from '../clients/installed.ts';
import { KafkaTools } from '../clients/kafka-tools.ts';

/** What Kafka's dump-log can read. */
const endings = ['.log', '.index', '.timeindex', '.snapshot', '.checkpoint'] as const;

export interface FilesReport {
  /** How many of each kind were read. */
  readonly files: Readonly<Record<string, number>>;
  /** Batches seen in all .log and .checkpoint files. */
  readonly batches: number;
  readonly problems: readonly string[];
}

/**
 * Has Kafka's dump-log read every log, index, time index, producer snapshot and metadata snapshot of a data directory whose broker does
 * not run, and gathers everything that it finds wrong.
 */
export async function checkFiles(directory: string, tools: KafkaTools): Promise<FilesReport> {
  const files: Record<string, number> = {};
  const problems: string[] = [];
  let batches = 0;
  for (const partition of readdirSync(directory, { withFileTypes: true })) {
    if (!partition.isDirectory()) continue;
    for (const name of readdirSync(join(directory, partition.name)).sort()) {
      const ending = endings.find((known) => name.endsWith(known));
      if (ending === undefined) continue;
      const file = join(directory, partition.name, name);
      files[ending] = (files[ending] ?? 0) + 1;
      const { code, output } = await tools.run('dumpLog', ['--files', file, ...flagsFor(partition.name, ending)]);
      const found = output.match(/^baseOffset: /gm)?.length ?? 0;
      batches += found;
      const wrong = complaints(output);
      if (code !== 0) wrong.push(`dump-log ended with ${code}`);
      if ((ending === '.log' || ending === '.checkpoint') && found === 0 && statSync(file).size > 0)
        wrong.push('dump-log finds no batch in it');
      problems.push(...wrong.map((line) => `${file}: ${line}`));
    }
  }
  return { files, batches, problems };
}

function flagsFor(partition: string, ending: (typeof endings)[number]): string[] {
  if (ending === '.index' || ending === '.timeindex') return ['--verify-index-only'];
  if (ending === '.snapshot') return [];
  return partition.startsWith('__cluster_metadata-') ? ['--cluster-metadata-decoder'] : ['--deep-iteration'];
}

/** The lines by which dump-log tells that something is wrong. */
export function complaints(output: string): string[] {
  return output.split('\n').filter((line) => {
    if (line.startsWith('baseOffset: ')) return !line.includes(' isvalid: true');
    // It takes every log that does not begin at 0 for one that lacks what came before; other gaps count.
    if (line.startsWith('Non-consecutive offsets in ') || line.startsWith('  -1 is followed by ')) return false;
    if (line.startsWith('|')) return /isvalid: false|Error at \d+, skipping/.test(line);
    return /invalid|mismatch|out of order|is followed by|corrupt|error|exception|skipping|could not|cannot|ignoring/i.test(line);
  });
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  if (positionals.length === 0) {
    console.error(
      "usage: node test/crash/check-files.ts DATA-DIRECTORY...\nHas Kafka's dump-log read every file of data directories whose brokers do not run.",
    );
    process.exit(2);
  }
  if (foreign.kafkaTools === undefined) {
    console.error(leftOut().join('\n'));
    process.exit(1);
  }
  const tools = new KafkaTools();
  let isRight = true;
  for (const directory of positionals) {
    const { files, batches, problems } = await checkFiles(directory, tools);
    const kinds = Object.entries(files).map(([ending, count]) => `${count} ${ending}`);
    console.log(
      `${directory}: ${kinds.join(', ')}; ${batches} batches; ${problems.length === 0 ? 'nothing wrong' : `${problems.length} problems`}`,
    );
    for (const problem of problems.slice(0, 50)) console.log(`  ${problem}`);
    isRight &&= problems.length === 0;
  }
  tools.stop();
  process.exitCode = isRight ? 0 : 1;
}
