import { createRequire } from 'node:module';

/**
 * The WebAssembly functions in use, none of which ever gets input from outside to inflate: on malformed input the module traps
 * and keeps the memory it had taken, until it can do nothing any more.
 */
type WasmUtils = typeof import('@platformatic/wasm-utils');

let loaded: WasmUtils | undefined;

/** Loads the module when it is first needed: compiling it takes longer than everything else at start. */
export function wasmUtils(): WasmUtils {
  loaded ??= createRequire(import.meta.url)('@platformatic/wasm-utils') as WasmUtils;
  return loaded;
}
