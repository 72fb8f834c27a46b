const longestName = 249;
const legalName = /^[a-zA-Z0-9._-]+$/;
const internalTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);
/** The raft log's own name: it has a directory beside the topics'. */
const clusterMetadataTopic = '__cluster_metadata';

/** What is wrong with a topic name, as the end of a sentence; undefined when it is fine. */
export function topicNameFault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return "it is '.' or '..'";
  if (name.length > longestName) return `it is ${name.length} characters long, and ${longestName} is the most`;
  if (!legalName.test(name)) return "it has characters other than ASCII letters, digits, '.', '_' and '-'";
  if (name === clusterMetadataTopic) return "it is that of the cluster's own log";
  return undefined;
}

/** May a topic have this name? */
export function isValidTopicName(name: string): boolean {
  return topicNameFault(name) === undefined;
}

/** Is it one of the topics in which brokers keep their own state? */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name);
}

/** Two names that give the same here may not exist together: metrics of Kafka cannot tell '.' from '_'. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

/** Can another name collide with this one at all? */
export function mayCollide(name: string): boolean {
  return name.includes('.') || name.includes('_');
}
