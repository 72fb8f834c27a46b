import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NodeDisk } from './disk.ts';

const disk = new NodeDisk();
let directory: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'node-disk-'));
});

afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(directory, { recursive: true });
});

test('files and directories are not for everybody', () => {
  disk.makeDirectory(`${directory}/a/b`);
  disk.open(`${directory}/a/b/file`, 'create').close();

  expect(fs.statSync(`${directory}/a/b/file`).mode & 0o137).toBe(0);
  expect(fs.statSync(`${directory}/a/b`).mode & 0o027).toBe(0);
});

test.runIf(fs.existsSync('/proc/self'))('a directory where there can be none is an error, not an endless attempt', () => {
  expect(() => disk.makeDirectory('/proc/data/1')).toThrow(expect.objectContaining({ name: 'DiskError', code: 'ENOENT' }));
});

test('short writes and short reads are gone on with until all is done', async () => {
  const file = disk.open(`${directory}/file`, 'create');
  const [writev, write, readSync] = [fs.writevSync, fs.writeSync, fs.readSync];
  vi.spyOn(fs, 'writevSync').mockImplementation((descriptor, buffers, position) =>
    writev(descriptor, [(buffers[0] as Buffer).subarray(0, 2)], position),
  );
  vi.spyOn(fs, 'writeSync').mockImplementation(((descriptor: number, buffer: Buffer, offset: number, length: number, position: number) =>
    write(descriptor, buffer, offset, Math.min(length, 3), position)) as typeof fs.writeSync);
  vi.spyOn(fs, 'readSync').mockImplementation(((descriptor: number, buffer: Buffer, offset: number, length: number, position: number) =>
    readSync(descriptor, buffer, offset, Math.min(length, 4), position)) as typeof fs.readSync);

  file.write([Buffer.from('abcde'), Buffer.from('fgh'), Buffer.from('ijklmnop')], 0);

  expect(file.size).toBe(16);
  expect(file.readNow(0, 16).toString()).toBe('abcdefghijklmnop');
  expect((await file.read(0, 16)).toString()).toBe('abcdefghijklmnop');
});

test('errors of the system come with their code, the path and a sentence', async () => {
  const file = disk.open(`${directory}/file`, 'create');
  vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  expect(() => file.write([Buffer.from('x')], 0)).toThrow(
    expect.objectContaining({
      name: 'DiskError',
      code: 'ENOSPC',
      path: file.path,
      message: `cannot write ${file.path}: no space left on the disk (ENOSPC)`,
    }),
  );
  vi.spyOn(fs, 'fdatasync').mockImplementation((_descriptor, done) => done(Object.assign(new Error('EIO'), { code: 'EIO' })));
  await expect(file.sync()).rejects.toMatchObject({ name: 'DiskError', code: 'EIO' });
  await expect(disk.replace(`${directory}/other`, Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(disk.list(directory)).toEqual(['file']);
});

test.runIf(fs.existsSync('/proc/self/fd'))('a descriptor is closed only when its last read has come back, and then really is', async () => {
  const open = () => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  const file = disk.open(`${directory}/file`, 'create');
  file.write([Buffer.alloc(1000, 1)], 0);
  const reads = [file.read(0, 1000), file.read(500, 1000)];
  file.close();
  expect((await Promise.all(reads)).map((bytes) => bytes.length)).toEqual([1000, 500]);
  expect(open()).toBe(before);
});

test('where directories cannot be synced that is not an error, and where the disk fails it is', async () => {
  const failing = (code: string) =>
    vi.spyOn(fs, 'fsync').mockImplementation((_descriptor, done) => done(Object.assign(new Error(code), { code })));
  failing('EINVAL');
  await disk.syncDirectory(directory);
  failing('EIO');
  await expect(disk.syncDirectory(directory)).rejects.toMatchObject({ code: 'EIO' });
});

test('free space is a number of bytes where there is a file system, and unknown elsewhere', () => {
  expect(disk.freeBytes(directory)).toBeGreaterThan(0);
  expect(disk.freeBytes(`${directory}/missing`)).toBeUndefined();
});
