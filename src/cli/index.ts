/** The commands: broker, up, the contract's interactive producer and consumer, and topic, group and quorum for any Kafka cluster. src/main.ts runs one. */
export { run } from './program.ts';
