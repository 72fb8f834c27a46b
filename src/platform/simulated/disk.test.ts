import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryDisk, SimulatedDisk } from './disk.ts';
import { SeededRandom } from './random.ts';
import { SparseBytes } from './sparse-bytes.ts';

test('a full disk takes what fits and then says ENOSPC, and room made free is used again', () => {
  const disk = new SimulatedDisk({ capacityBytes: 10 });
  const file = disk.open('a', 'create');
  disk.open('b', 'create').write([Buffer.alloc(4)], 0);
  expect(() => file.write([Buffer.alloc(8, 1)], 0)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  expect(disk.freeBytes('/')).toBe(0);
  expect(file.size).toBe(6);
  file.write([Buffer.alloc(6, 2)], 0);

  disk.remove('b');
  expect(disk.freeBytes('/')).toBe(4);
  file.write([Buffer.alloc(4)], 6);
  file.truncate(1);
  expect(disk.freeBytes('/')).toBe(9);
  disk.setCapacity(undefined);
  expect(disk.freeBytes('/')).toBeUndefined();
});

test('failures happen as often as told, to the files they are meant for', async () => {
  const disk = new SimulatedDisk();
  const [one, two] = [disk.open('one', 'create'), disk.open('two', 'create')];
  disk.failNext('write', 'EIO', { path: 'two', times: 2 });
  one.write([Buffer.from('x')], 0);
  for (let attempt = 0; attempt < 2; attempt++)
    expect(() => two.write([Buffer.from('x')], 0)).toThrow(expect.objectContaining({ code: 'EIO' }));
  two.write([Buffer.from('x')], 0);

  disk.failNext('read', 'EIO', { times: 2 });
  expect(() => one.readNow(0, 1)).toThrow(expect.objectContaining({ code: 'EIO' }));
  await expect(one.read(0, 1)).rejects.toMatchObject({ code: 'EIO' });
  disk.failNext('open', 'EMFILE');
  expect(() => disk.open('one', 'read')).toThrow(expect.objectContaining({ code: 'EMFILE' }));
  disk.failNext('sync', 'EIO');
  disk.clearFailures();
  await one.sync();
});

test('the n-th operation on the files of a pattern fails, and the others do not', async () => {
  const disk = new SimulatedDisk();
  const [one, two] = [disk.open('1.log', 'create'), disk.open('2.index', 'create')];
  disk.failNext('sync', 'EIO', { path: /\.log$/, after: 2 });
  for (let round = 0; round < 2; round++) {
    await one.sync();
    await two.sync();
  }

  await two.sync();
  await expect(one.sync()).rejects.toMatchObject({ code: 'EIO' });
  await one.sync();
  disk.failNext('rename', 'EIO');
  disk.failNext('remove', 'EIO', { path: '1.log' });
  expect(() => disk.rename('2.index', '3.index')).toThrow(expect.objectContaining({ code: 'EIO' }));
  expect(() => disk.remove('1.log')).toThrow(expect.objectContaining({ code: 'EIO' }));
  disk.rename('2.index', '3.index');
  disk.remove('1.log');
  expect(disk.list('/')).toEqual(['3.index']);
});

test('a lost sync says that all is well and keeps nothing; the next true one keeps all', async () => {
  const disk = new SimulatedDisk();
  const file = disk.open('log', 'create');
  await disk.syncDirectory('/');
  disk.loseSyncs({ path: 'log' });
  file.write([Buffer.from('x')], 0);
  await file.sync();
  expect(disk.files()).toEqual([{ path: '/log', size: 1, syncedBytes: 0 }]);

  await file.sync();

  expect(disk.files()).toEqual([{ path: '/log', size: 1, syncedBytes: 1 }]);
  file.write([Buffer.from('y')], 1);
  disk.loseSyncs();
  for (let attempt = 0; attempt < 3; attempt++) await file.sync();
  expect(disk.crash('strict').readFile('log').toString()).toBe('x');
});

test('a stalled sync takes so much longer, and the others do not', async () => {
  const delays: number[] = [];
  const disk = new SimulatedDisk({
    schedule: (delayMs, callback) => {
      delays.push(Math.floor(delayMs / 1000));
      callback();
    },
  });
  const file = disk.open('log', 'create');
  disk.stallNext('sync', 10_000, { times: 2 });
  disk.stallNext('read', 3000, { path: 'other' });

  for (let attempt = 0; attempt < 3; attempt++) await file.sync();
  await file.read(0, 1);

  expect(delays).toEqual([10, 10, 0, 0]);
});

test('a disk that fills up takes so many bytes more', () => {
  const disk = new SimulatedDisk();
  const file = disk.open('log', 'create');
  file.write([Buffer.alloc(100)], 0);
  disk.setFreeBytes(5);

  file.write([Buffer.alloc(5)], 100);

  expect(() => file.write([Buffer.alloc(1)], 105)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  disk.setFreeBytes(undefined);
  file.write([Buffer.alloc(1)], 105);
});

test('what is synced of a file ends where the first unsynced change begins', async () => {
  const disk = new SimulatedDisk();
  disk.makeDirectory('b/c');
  const file = disk.open('b/c/log', 'create');
  file.write([Buffer.alloc(100)], 0);
  await file.sync();
  disk.open('a', 'create');
  file.write([Buffer.alloc(10)], 100);
  expect(disk.files()).toEqual([
    { path: '/a', size: 0, syncedBytes: 0 },
    { path: '/b/c/log', size: 110, syncedBytes: 100 },
  ]);

  file.truncate(40);

  expect(disk.files()[1]).toEqual({ path: '/b/c/log', size: 40, syncedBytes: 40 });
});

test('a flipped bit is seen by readers, now and after a crash', async () => {
  const disk = new SimulatedDisk();
  const file = disk.open('file', 'create');
  file.write([Buffer.from([1, 2, 3])], 0);
  await file.sync();
  await disk.syncDirectory('/');
  disk.flipBit('file', 1, 7);
  expect([...file.readNow(0, 3)]).toEqual([1, 130, 3]);
  expect([...disk.crash('strict').readFile('file')]).toEqual([1, 130, 3]);
});

test('without a scheduler syncs are done at once, and a disk that keeps no account refuses to crash', async () => {
  const disk = memoryDisk();
  const file = disk.open('file', 'create');
  file.write([Buffer.from('x')], 0);
  await file.sync();
  expect(() => disk.crash('strict')).toThrow('cannot crash');
});

test('sparse bytes are like an array of bytes, whatever is written, cut and extended', () => {
  const operation = fc.oneof(
    fc.record({ write: fc.integer({ min: 1, max: 70_000 }), at: fc.nat(140_000) }),
    fc.record({ resize: fc.nat(150_000) }),
    fc.record({ clear: fc.nat(70_000), at: fc.nat(140_000) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 15 }), (operations) => {
      const bytes = new SparseBytes();
      let model = Buffer.alloc(0);
      for (const [index, step] of operations.entries()) {
        if ('write' in step) {
          bytes.write(Buffer.alloc(step.write, index + 1), step.at);
          if (model.length < step.at + step.write) model = Buffer.concat([model], step.at + step.write);
          model.fill(index + 1, step.at, step.at + step.write);
        } else if ('resize' in step) {
          bytes.resize(step.resize);
          model = Buffer.concat([model], step.resize);
        } else {
          bytes.clear(step.at, step.at + step.clear);
          if (step.at < model.length) model.fill(0, step.at, Math.min(model.length, step.at + step.clear));
        }
      }
      expect(bytes.size).toBe(model.length);
      expect(bytes.read(0, model.length + 1).equals(model)).toBe(true);
      expect(bytes.read(1000, 70_000).equals(model.subarray(1000, 71_000))).toBe(true);
    }),
  );
});

test('equal seeds and names draw alike, others do not, and a fork is not moved by draws from its parent', () => {
  const draws = (random: SeededRandom) => [random.below(1000), random.fraction(), random.bytes(5).toString('hex'), random.uuid()];
  const parent = new SeededRandom(42);
  const early = parent.fork('a');
  expect(draws(new SeededRandom(42))).toEqual(draws(parent));
  expect(draws(parent.fork('a'))).toEqual(draws(early));
  expect(draws(parent.fork('b'))).not.toEqual(draws(parent.fork('a')));
  expect(draws(new SeededRandom(43))).not.toEqual(draws(new SeededRandom(42)));
});
