import { once } from 'node:events';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { numbers, tell } from './lines.ts';

/** @platformatic/kafka as a member of a group. Arguments: bootstrap, topic, group, and classic or consumer for its protocol. */
const [bootstrap, topic, groupId, protocol] = process.argv.slice(2) as [string, string, string, 'classic' | 'consumer'];
const consumer = new Consumer({
  ...{ clientId: 'member', groupId, bootstrapBrokers: bootstrap.split(','), deserializers: stringDeserializers },
  ...{ autocommit: false, maxWaitTime: 200, retries: 40, retryDelay: 100 },
  ...(protocol === 'classic'
    ? { sessionTimeout: 10_000, heartbeatInterval: 500, rebalanceTimeout: 10_000 }
    : { groupProtocol: 'consumer' }),
});

let own: readonly number[] = [];
/** With the consumer protocol it does not say when its partitions change, nor its epoch. */
function look(): void {
  const now = (consumer.assignments ?? []).flatMap((each) => (each.topic === topic ? each.partitions : []));
  const gone = own.filter((partition) => !now.includes(partition));
  const isMore = now.some((partition) => !own.includes(partition));
  own = [...now];
  if (gone.length > 0) tell('revoked', numbers(gone));
  if (isMore) tell('assigned', '-', numbers(now));
}
if (protocol === 'consumer') {
  setInterval(look, 20);
} else {
  consumer.on('consumer:group:rebalance', () => {
    tell('revoked', numbers(own));
    own = [];
  });
  consumer.on('consumer:group:join', ({ generationId, assignments }) => {
    own = (assignments ?? []).flatMap((each) => (each.topic === topic ? each.partitions : []));
    tell('assigned', generationId, numbers(own));
  });
}

const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });
stream.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
stream.on('data', async (message) => {
  tell('record', message.partition, message.offset, message.value);
  try {
    await message.commit();
    tell('committed', message.partition, message.offset + 1n);
  } catch (error) {
    console.error(error); // whoever has the partition now begins below
  }
});
process.stdin.resume();
await once(process.stdin, 'end');
await consumer.close(true);
process.exit(0);
