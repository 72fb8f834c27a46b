import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'vite';

export const root = join(import.meta.dirname, '..');

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Loaded on demand from where the package is installed; everything works without it. */
const optional = '@node-rs/crc32';
/** Whoever imports these has them. */
const ofCallers = /^(vitest|jest)(\/.*)?$/;

/** What is required at run time, when it is first needed, is in the bundle too, and is still not run before. */
const lazily: readonly { from: string; to: string }[] = [
  { from: `createRequire(import.meta.url)('pino')`, to: `require('pino')` },
  // The same with its WebAssembly within the file.
  { from: `createRequire(import.meta.url)('@platformatic/wasm-utils')`, to: `require('@platformatic/wasm-utils/bundled')` },
  { from: `createRequire(import.meta.url)('../../package.json')`, to: JSON.stringify({ version: manifest.version }) },
];

/**
 * Bundles the sources and all libraries but optional ones.
 * @param entries output name to source file
 */
export async function bundle(entries: Record<string, string>, outDir: string, shape: { isOneFile: boolean }): Promise<void> {
  const replaced = new Set<string>();
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    ssr: { noExternal: true, external: [] },
    plugins: [requireInBundle(replaced)],
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node22',
      minify: shape.isOneFile,
      license: { fileName: 'THIRD-PARTY-LICENSES.md' },
      rolldownOptions: {
        platform: 'node',
        input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
        external: (id) => id === optional || ofCallers.test(id),
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          chunkFileNames: 'chunks/[name]-[hash].js',
          ...(shape.isOneFile && { codeSplitting: false }),
        },
      },
    },
  });
  const missed = lazily.filter(({ from }) => !replaced.has(from));
  if (missed.length > 0)
    throw new Error(`the sources have no ${missed.map(({ from }) => from).join(', ')} any more: packaging/bundle.ts must follow`);
}

function requireInBundle(replaced: Set<string>): Plugin {
  return {
    name: 'require-in-bundle',
    transform(code, id) {
      if (!id.startsWith(join(root, 'src'))) return null;
      let changed = code;
      for (const { from, to } of lazily) {
        const doubled = from.replaceAll("'", '"');
        for (const form of [from, doubled]) {
          if (!changed.includes(form)) continue;
          changed = changed.replaceAll(form, to);
          replaced.add(from);
        }
      }
      const rest = changed.replaceAll(/createRequire\(import\.meta\.url\)\(['"]@node-rs\/crc32['"]\)/g, '');
      if (rest.includes('import.meta'))
        throw new Error(`${id} looks for something beside itself, where it is not in a bundle: packaging/bundle.ts must know it`);
      return changed === code ? null : { code: changed, map: null };
    },
  };
}
