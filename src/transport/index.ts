/**
 * Framed connections to and from brokers and clients: the server's side of the one port that everything speaks to, and the client's side
 * that brokers and commands use among themselves. It knows lengths, order, limits and time, not what a request means.
 */
export { BrokerClient, type BrokerClientOptions, type SendOptions } from './broker-client.ts';
export { KafkaServer, type KafkaServerOptions } from './kafka-server.ts';
export type { ServerLimits } from './limits.ts';
export type { Answer, ClientConnection, HttpSocket, SettledAnswer } from './server-connection.ts';
