/**
 * npm run protocol:check -- DIR
 * Compares our message schemas with Kafka's message definitions (the JSON files in DIR and below) and names each difference.
 * Ends with 0 when there is none, with 1 when there are some, with 2 when it was called wrongly.
 */
import { allApis } from '#protocol';
import { removedApis } from '#protocol/apis/index.ts';
import { requestHeader, responseHeader } from '#protocol/frames/headers.ts';
import { storedMessages } from '#protocol/stored/index.ts';
import { compare } from './compare.ts';
import { readDefinitions, shapeOfDefinition } from './kafka.ts';
import { shapeOfMessage, shapesOfApi, shapesOfRemovedApi } from './ours.ts';

const directory = process.argv[2];
if (directory === undefined || process.argv.length > 3) {
  console.error('Usage: npm run protocol:check -- DIR   (DIR holds the JSON message definitions of Apache Kafka)');
  process.exit(2);
}
const kafkas = readDefinitions(directory).map(shapeOfDefinition);
if (kafkas.length === 0) {
  console.error(`${directory} holds no message definitions (*.json).`);
  process.exit(2);
}
const ours = [
  ...[...allApis.values()].flatMap(shapesOfApi),
  ...removedApis.flatMap(shapesOfRemovedApi),
  ...[...storedMessages, requestHeader, responseHeader].map((message) => shapeOfMessage(message, 'stored')),
];
const differences = compare(kafkas, ours);
for (const difference of differences) console.log(difference);
const fields = kafkas.reduce((sum, message) => sum + message.fields.length, 0);
console.log(`${kafkas.length} messages with ${fields} fields compared: ${differences.length} differences.`);
process.exitCode = differences.length === 0 ? 0 : 1;
