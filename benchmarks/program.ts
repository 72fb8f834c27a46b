import { existsSync } from 'node:fs';
import { join } from 'node:path';

const bundle = join(import.meta.dirname, '..', 'dist', 'main.js');

/** What is measured: the bundle that users install, where `npm run prepack` has made it; else the sources, which take 40 MB more. */
export const measured: { readonly name: string; readonly program?: string } = existsSync(bundle)
  ? { name: 'kafka-lite-cluster (bundle)', program: bundle }
  : { name: 'kafka-lite-cluster (sources)' };
