import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Puts this checkout into a node_modules directory in place of the published package, whose manifest leads to the bundle: the same names lead to the sources. */
export function linkPackage(modules: string): void {
  const own = join(modules, 'kafka-lite-cluster');
  mkdirSync(own);
  symlinkSync(join(root, 'src'), join(own, 'src'));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { types?: string }> };
  const exports = Object.entries(manifest.exports).flatMap(([name, { types }]) =>
    types === undefined ? [] : [[name, types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, './src/$1.ts')]],
  );
  writeFileSync(join(own, 'package.json'), JSON.stringify({ type: 'module', exports: Object.fromEntries(exports) }));
}
