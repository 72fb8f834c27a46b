import type { MessageShape } from './shape.ts';

/** Names each difference between Kafka's messages and ours, one sentence each; none when they are the same. */
export function compare(kafkas: readonly MessageShape[], ours: readonly MessageShape[]): string[] {
  return pair(kafkas, ours, (message) => message.name).flatMap(([name, kafka, own]) => {
    if (own === undefined) return [`${name}: missing here`];
    if (kafka === undefined) return [`${name}: not in Kafka`];
    return [...compareProperties(name, kafka.properties, own.properties), ...compareFields(name, kafka, own)];
  });
}

function compareFields(message: string, kafka: MessageShape, own: MessageShape): string[] {
  const differences = pair(kafka.fields, own.fields, (field) => field.path).flatMap(([path, theirs, ourField]) => {
    const name = `${message} ${path}`;
    if (ourField === undefined) return [`${name}: missing here`];
    if (theirs === undefined) return [`${name}: not in Kafka`];
    return compareProperties(name, theirs.properties, ourField.properties);
  });
  if (differences.length > 0) return differences;
  const at = kafka.fields.findIndex((field, index) => own.fields[index]?.path !== field.path);
  return at < 0 ? [] : [`${message}: ${kafka.fields[at]!.path} comes next in Kafka, ${own.fields[at]!.path} here`];
}

function compareProperties(name: string, kafka: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): string[] {
  return Object.keys({ ...kafka, ...own })
    .filter((property) => kafka[property] !== own[property])
    .map((property) => `${name}: ${property} is ${kafka[property]} in Kafka, ${own[property]} here`);
}

/** What has the same name on both sides, then what stands on one side alone. */
function pair<T>(theirs: readonly T[], ours: readonly T[], nameOf: (one: T) => string): [string, T | undefined, T | undefined][] {
  const theirsByName = new Map(theirs.map((one) => [nameOf(one), one]));
  const oursByName = new Map(ours.map((one) => [nameOf(one), one]));
  const names = new Set([...theirsByName.keys(), ...oursByName.keys()]);
  return [...names].map((name) => [name, theirsByName.get(name), oursByName.get(name)]);
}
