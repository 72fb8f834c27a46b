/** Where a cluster is, in the variables in which programs look for it. */
export interface Whereabouts {
  /** All brokers, with commas. */
  readonly servers: string;
  readonly oneServer: string;
  readonly url: string;
}

/** What a command of `up -- COMMAND` finds in its environment. A broker that is started there passes them over. */
export const clientVariables = {
  KAFKA_BROKERS: 'servers',
  KAFKA_BOOTSTRAP_SERVERS: 'servers',
  KAFKA_BOOTSTRAP_SERVER: 'oneServer',
  KAFKA_REST_URL: 'url',
  KAFKA_HTTP_URL: 'url',
  SPRING_KAFKA_BOOTSTRAP_SERVERS: 'servers',
} as const satisfies Record<string, keyof Whereabouts>;

export function variablesFor(where: Whereabouts): Record<string, string> {
  return Object.fromEntries(Object.entries(clientVariables).map(([variable, what]) => [variable, where[what]]));
}
