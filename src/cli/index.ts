/** The commands: broker, up, and the contract's interactive producer and consumer. src/main.ts runs one. */
export { run } from './program.ts';
