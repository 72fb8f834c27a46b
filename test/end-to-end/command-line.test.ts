import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, launcher, temporaryDirectory } from './cluster.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operating', 'command-line.md'), 'utf8');
const runFromHere = page.slice(page.indexOf('<!-- The examples from here on are run'));
const examples = [...runFromHere.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);

let clusters: Cluster[] = [];
let directory: string;

beforeAll(async () => {
  directory = temporaryDirectory();
  writeFileSync(join(directory, 'picture.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 10, 255]));
  clusters = await Promise.all([Cluster.start(1), Cluster.start(1)]);
}, 60_000);
afterAll(async () => {
  for (const cluster of clusters) await cluster.destroy();
  rmSync(directory, { recursive: true, force: true });
});

test("every command of the command line's page does what it says", { timeout: 180_000 }, async () => {
  const [here, there] = clusters.map((cluster) => cluster.address(1)) as [string, string];
  const commands = examples.join('').replaceAll('localhost:8080', here).replaceAll('localhost:9092', there);
  const script = `set -e -o pipefail\nkafka-lite-cluster() { "${process.execPath}" "${launcher}" "$@"; }\n${commands}`;
  const child = spawn('bash', ['-c', script], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise((resolve) => child.on('close', resolve));

  expect(code, output + errors).toBe(0);
  expect(examples.length).toBeGreaterThanOrEqual(6);
  expect(output).toContain('"headers":[["trace","a"],["trace","b"]]');
  expect(errors).toContain('Copied 6 records of orders to orders.');
  expect(errors).toContain('Copied 0 records of orders to orders, after those of an earlier run.');
  expect(errors).toContain('Wrote 6 records to piped.');
  expect(errors).toContain('Wrote 0 records to piped; 6 records were there already.');
});
