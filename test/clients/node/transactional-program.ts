import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What `produce` is asked to do, in this order: begin, send, and commit or abort. */
export interface RemoteProducer {
  begin(): Promise<unknown>;
  send(partition: number, value: string): Promise<unknown>;
  commit(): Promise<unknown>;
  abort(): Promise<unknown>;
}

/** How `copy` is to be done, and whom to tell. */
export interface Copying {
  readonly bootstrap: string;
  readonly source: string;
  readonly target: string;
  readonly group: string;
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** The partitions that a record of this one is written to. */
  targets(partition: number): number[];
  /** Asked once for each batch: is it to be aborted first? */
  isInVain(): boolean;
  copied(count: number): void;
}

/** The part of a program of test/clients/transactions that does not depend on the client. */
export async function transactionalProgram(client: {
  produce(bootstrap: string, topic: string, transactionalId: string, timeoutMs: number): Promise<RemoteProducer>;
  /** Begins to copy. @returns how to stop */
  copy(options: Copying): Promise<() => Promise<void>>;
}): Promise<never> {
  const [mode, ...args] = process.argv.slice(2);
  if (mode === 'produce') {
    const [bootstrap, topic, transactionalId, timeoutMs] = args as [string, string, string, string];
    await obey(await client.produce(bootstrap, topic, transactionalId, Number(timeoutMs)));
  } else {
    const [bootstrap, source, target, group, partitions, copies, vainEvery, transactionalId, timeoutMs] = args as [string, ...string[]];
    let batches = 0;
    const stop = await client.copy({
      ...{ bootstrap, source: source!, target: target!, group: group!, transactionalId: transactionalId!, timeoutMs: Number(timeoutMs) },
      targets: (partition) => Array.from({ length: Number(copies) }, (_, i) => (partition + i) % Number(partitions)),
      isInVain: () => Number(vainEvery) > 0 && batches++ % Number(vainEvery) === 0,
      copied: (count) => console.log(`copied ${count}`),
    });
    process.stdin.resume();
    await once(process.stdin, 'end');
    await stop();
  }
  process.exit(0);
}

async function obey(producer: RemoteProducer): Promise<void> {
  console.log('ok');
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, partition, value] = line.split(' ') as [keyof RemoteProducer, string, string];
    try {
      await (command === 'send' ? producer.send(Number(partition), value) : producer[command]());
      console.log('ok');
    } catch (error) {
      console.log(`failed ${String(error).replaceAll('\n', ' ')}`);
    }
  }
}
