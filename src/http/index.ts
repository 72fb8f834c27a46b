/** HTTP and JSON on the broker's one port: a client of the same handlers that Kafka's requests go to. */
export { createHttpDoor, type HttpDoor, type HttpDoorOptions } from './door.ts';
export type { HttpAccess } from './guard.ts';
