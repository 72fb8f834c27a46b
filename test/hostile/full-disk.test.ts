import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildRecordBatch, isRetriable } from '#protocol';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';

const size = 24 * 1024 * 1024;

/** A file system of {@link size} bytes of its own; undefined where this process may not mount one. */
function smallDisk(): { directory: string; remove(): void } | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-lite-small-'));
  if (process.platform !== 'linux' || spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]).status !== 0) {
    rmSync(directory, { recursive: true });
    return undefined;
  }
  return {
    directory,
    remove() {
      spawnSync('umount', [directory]);
      rmSync(directory, { recursive: true });
    },
  };
}

const disk = smallDisk();
if (disk === undefined) console.log('left out: the full disk, because only root on Linux may mount a small one');

test.runIf(disk !== undefined)(
  'a full disk gives producers a retriable error, reads go on, and room made free is used again',
  { timeout: 60_000 },
  async () => {
    const cluster = await BrokerProcesses.start(1, { directory: disk!.directory, args: ['--config', 'log.segment.bytes=1048576'] });
    const client = new KafkaClient(cluster.bootstrap);
    const batch = () => buildRecordBatch({ records: [{ value: Buffer.alloc(50_000, 'x') }], timestamp: Date.now() });
    try {
      expect(await client.createTopic('logs', 1)).toBe('NONE');
      let written = 0n;
      for (; written < 20n; written++) expect((await client.produce('logs', 0, batch())).baseOffset).toBe(written);

      // Something else on this disk takes what is left.
      const ballast = join(disk!.directory, 'ballast');
      const { bavail, bsize } = statfsSync(disk!.directory);
      writeFileSync(ballast, Buffer.alloc(Number(bavail) * Number(bsize) - 300_000));
      let refused = await client.produce('logs', 0, batch());
      for (; refused.errorCode === 'NONE'; refused = await client.produce('logs', 0, batch())) written++;

      expect(isRetriable(refused.errorCode), refused.errorCode).toBe(true);
      expect(written).toBeLessThan(100n);
      for (let i = 0; i < 5; i++) expect(isRetriable((await client.produce('logs', 0, batch())).errorCode)).toBe(true);
      const overHttp = await fetch(cluster.url(1, '/produce'), {
        method: 'POST',
        body: JSON.stringify({ topic: 'logs', partition: 0, message: 'y'.repeat(60_000) }),
      });
      expect([overHttp.status, await overHttp.text()]).toEqual([504, expect.stringContaining('No space is left on the disk')]);
      let read = 0n;
      for await (const { offset } of client.records('logs', 0)) expect(offset).toBe(read++);
      expect(read).toBe(written);

      rmSync(ballast);
      await expect.poll(async () => (await client.produce('logs', 0, batch())).errorCode, { timeout: 15_000, interval: 200 }).toBe('NONE');
      written++;
      expect((await client.produce('logs', 0, batch())).baseOffset).toBe(written++);

      // Nothing of the refused records comes back.
      await cluster.kill(1);
      cluster.startBroker(1);
      await cluster.ready();
      const after: bigint[] = [];
      await client.refresh().catch(() => client.refresh());
      for await (const { offset } of client.records('logs', 0)) after.push(offset);
      expect(after).toEqual(Array.from({ length: Number(written) }, (_, i) => BigInt(i)));
    } finally {
      client.close();
      await cluster.stop({ keep: true });
      disk!.remove();
    }
  },
);
