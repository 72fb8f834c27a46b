import { brokerConfigs } from '#metadata';
import { nearNames } from './admin/did-you-mean.ts';
import { clientVariables } from './client-variables.ts';
import type { EnvironmentSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** Of the Java process, its log files, ZooKeeper, or scripts of other images: they tune what is not here. */
const ofOtherPrograms =
  /^(KAFKA_(CFG_)?(HEAP_OPTS|OPTS|JVM_PERFORMANCE_OPTS|GC_.*|LOG4J_.*|JMX_.*|TOOLS_LOG4J_LOGLEVEL|ZOOKEEPER_.*|HOME|VERSION|DEBUG|ENABLE_KRAFT))$/;
/** A cluster gets its id when it is founded. */
const clusterIds: ReadonlySet<string> = new Set(['CLUSTER_ID', 'KAFKA_CLUSTER_ID', 'KAFKA_KRAFT_CLUSTER_ID']);
/** For clients, and this program's own. */
const isForOthers = (variable: string) => variable.startsWith('KAFKA_LITE_') || Object.hasOwn(clientVariables, variable);
/** Kubernetes tells every container where the service named kafka is. */
const ofKubernetes = /^KAFKA_(.*_)?(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP).*)?)$/;

/**
 * Reads variables as Apache Kafka's image has them: `KAFKA_LOG_RETENTION_MS` is log.retention.ms; KAFKA_CFG_ does as well. Which of the
 * marks that an underscore may stand for was meant (images differ) is found by looking the name up.
 */
export function readEnvironment(environment: Surroundings['environment']): EnvironmentSettings {
  const settings = new Map<string, string>();
  const variables = new Map<string, string>();
  const passedOver: string[] = [];
  const notes: string[] = [];
  for (const [variable, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    if (ofOtherPrograms.test(variable) || clusterIds.has(variable)) {
      passedOver.push(variable);
      continue;
    }
    if (isForOthers(variable) || ofKubernetes.test(variable)) continue;
    const [, rest] = /^KAFKA_(?:CFG_)?(.+)$/.exec(variable) ?? [];
    if (rest === undefined) continue;
    const name = byLetters.get(lettersOf(rest));
    if (name === undefined) {
      notes.push(unknown(variable, rest));
      continue;
    }
    settings.set(name, value);
    variables.set(name, variable);
  }
  if (passedOver.length > 0)
    notes.push(`${passedOver.join(', ')}: without effect here, as there is no JVM, no log4j and no ZooKeeper${clusterNote(passedOver)}.`);
  return { settings, variables, notes };
}

const byLetters: ReadonlyMap<string, string> = new Map([...brokerConfigs.keys()].map((name) => [lettersOf(name), name]));

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '.');
}

function unknown(variable: string, rest: string): string {
  const name = rest
    .toLowerCase()
    .replaceAll('___', '-')
    .replaceAll(/(?<!_)_(?!_)/g, '.')
    .replaceAll('__', '_');
  const near = nearNames(name, [...brokerConfigs.keys()]).map((known) => `KAFKA_${known.toUpperCase().replaceAll('.', '_')}`);
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return `${variable}: there is no setting ${name}, so it has no effect.${meant}`;
}

function clusterNote(passedOver: readonly string[]): string {
  return passedOver.some((variable) => clusterIds.has(variable)) ? ', and a cluster gets its id when it is founded' : '';
}
