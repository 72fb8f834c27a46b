/** Writes dist/, which is what `npm pack` packs: the command and the entry points, bundled, and their declarations. Run as `prepack`. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundle, root } from './bundle.ts';

/** By the name of the file in dist/ and of its declarations. */
const entries = {
  main: 'src/main.ts',
  index: 'src/index.ts',
  vitest: 'src/embed/vitest.ts',
  jest: 'src/embed/jest.ts',
  'jest-teardown': 'src/embed/jest-teardown.ts',
  'node-test': 'src/embed/node-test.ts',
};

const outDir = join(root, 'dist');
await bundle(entries, outDir, { isOneFile: false });
writeDeclarations(join(outDir, 'types'));

/** The declarations of the entry points and all that they speak of, each source a file. */
function writeDeclarations(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  const project = join(root, 'packaging', 'declarations.json');
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', project, '--outDir', directory], {
    stdio: 'inherit',
  });
  const entryPoints = Object.values(entries).filter((source) => source !== entries.main);
  const needed = new Set(entryPoints.map((source) => join(directory, relative('src', source).replace(/\.ts$/, '.d.ts'))));
  for (const file of needed) {
    // An import for its effect says nothing of types.
    const text = readFileSync(file, 'utf8').replaceAll(/^import (['"])[.#][^'"]+\1;\n/gm, '');
    const linked = text.replaceAll(/(from |import\()(['"])([.#][^'"]+)\2/g, (_, before: string, quote: string, specifier: string) => {
      const declaration = declarationOf(specifier, file, directory);
      needed.add(declaration);
      return `${before}${quote}${pathTo(declaration, file)}${quote}`;
    });
    writeFileSync(file, linked);
  }
  // The compiler writes those of every source that it has read.
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts') && !needed.has(join(directory, name))) rmSync(join(directory, name));
  }
}

function declarationOf(specifier: string, importer: string, directory: string): string {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier.replace(/\.ts$/, '.d.ts'));
  const name = specifier.slice(1);
  return join(directory, name.endsWith('.ts') ? name.replace(/\.ts$/, '.d.ts') : join(name, 'index.d.ts'));
}

/** `#platform` means something within the sources only. */
function pathTo(declaration: string, importer: string): string {
  const path = relative(dirname(importer), declaration)
    .replaceAll('\\', '/')
    .replace(/\.d\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}
