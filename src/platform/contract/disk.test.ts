import { describe, expect, test } from 'vitest';
import { type Disk, DiskError } from '../index.ts';
import { diskImplementations, type Surroundings } from './harness.ts';

const text = (value: string): Buffer => Buffer.from(value);

describe.each(diskImplementations)('the disk ($name)', ({ run }) => {
  const check = (name: string, body: (disk: Disk, directory: string, surroundings: Surroundings) => Promise<void>): void => {
    test(name, () => run((surroundings) => body(surroundings.platform.disk, surroundings.directory, surroundings)));
  };

  check('what is written is read back, whole or in parts, at once or later', async (disk, directory) => {
    const file = disk.open(`${directory}/log`, 'create');
    file.write([text('one'), text(''), text('two')], 0);
    file.write([text('three')], 6);

    expect(file.size).toBe(11);
    expect(file.readNow(0, 100).toString()).toBe('onetwothree');
    expect(file.readNow(3, 3).toString()).toBe('two');
    expect((await file.read(6, 100)).toString()).toBe('three');
    expect((await file.read(11, 5)).length).toBe(0);
    expect(file.readNow(20, 5).length).toBe(0);
    await file.sync();
    file.close();
    expect(disk.readFile(`${directory}/log`).toString()).toBe('onetwothree');
  });

  check('a write over the middle keeps the rest', async (disk, directory) => {
    const file = disk.open(`${directory}/log`, 'create');
    file.write([text('aaaaaa')], 0);
    file.write([text('b'), text('c')], 2);

    expect(file.size).toBe(6);
    expect(file.readNow(0, 6).toString()).toBe('aabcaa');
  });

  check('many buffers of many sizes arrive in their order', async (disk, directory) => {
    const buffers = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(index % 700, index));
    const file = disk.open(`${directory}/log`, 'create');
    file.write(buffers, 0);

    expect(Buffer.concat(buffers).equals(await file.read(0, file.size + 1))).toBe(true);
  });

  check('a write that would leave a hole is refused', async (disk, directory) => {
    const file = disk.open(`${directory}/log`, 'create');
    expect(() => file.write([text('x')], 1)).toThrow(RangeError);
    expect(file.size).toBe(0);
  });

  check('after a truncation writing goes on at the cut, and an extension reads as zeros', async (disk, directory) => {
    const file = disk.open(`${directory}/log`, 'create');
    file.write([Buffer.alloc(100_000, 7)], 0);
    file.truncate(3);
    expect(file.size).toBe(3);
    file.write([text('ab')], 3);
    expect([...file.readNow(0, 10)]).toEqual([7, 7, 7, 97, 98]);

    file.truncate(70_000);
    expect(file.readNow(0, 100_000).subarray(5).equals(Buffer.alloc(69_995))).toBe(true);
    file.truncate(0);
    expect(disk.stat(`${directory}/log`)?.size).toBe(0);
  });

  check('open modes: which want a file, which make one, which keep what is there', async (disk, directory) => {
    const path = `${directory}/file`;
    for (const mode of ['read', 'write'] as const) expect(codeOf(() => disk.open(path, mode))).toBe('ENOENT');
    disk.open(path, 'append-or-create').write([text('kept')], 0);

    const again = disk.open(path, 'append-or-create');
    expect(again.size).toBe(4);
    again.write([text('K')], 0);
    expect(disk.open(path, 'write').readNow(0, 4).toString()).toBe('Kept');
    expect(codeOf(() => disk.open(path, 'read').write([text('x')], 0))).toBe('EBADF');
    expect(disk.open(path, 'create').size).toBe(0);
    expect(codeOf(() => disk.open(`${directory}/missing/file`, 'create'))).toBe('ENOENT');
    expect(codeOf(() => disk.open(`${path}/below`, 'create'))).toBe('ENOTDIR');
    expect(codeOf(() => disk.open(directory, 'create'))).toBe('EISDIR');
  });

  check('a closed file cannot be used, and what was read before its close still arrives', async (disk, directory) => {
    const file = disk.open(`${directory}/file`, 'create');
    file.write([text('bytes')], 0);
    const reading = file.read(0, 5);
    const syncing = file.sync();
    file.close();
    file.close();

    expect(() => file.readNow(0, 1)).toThrow('closed');
    expect(() => file.write([text('x')], 0)).toThrow('closed');
    expect((await reading).toString()).toBe('bytes');
    await syncing;
  });

  check('a file that is removed or replaced stays readable for who has it open', async (disk, directory) => {
    const path = `${directory}/file`;
    const file = disk.open(path, 'create');
    file.write([text('old')], 0);
    await disk.replace(path, text('new'));
    expect(file.readNow(0, 3).toString()).toBe('old');
    expect(disk.readFile(path).toString()).toBe('new');
  });

  check('a listing is sorted and holds files and directories', async (disk, directory) => {
    for (const name of ['b', 'a', 'Z', '10', '9']) disk.open(`${directory}/${name}`, 'create').close();
    disk.makeDirectory(`${directory}/c/d`);

    expect(disk.list(directory)).toEqual(['10', '9', 'Z', 'a', 'b', 'c']);
    expect(codeOf(() => disk.list(`${directory}/missing`))).toBe('ENOENT');
    expect(codeOf(() => disk.list(`${directory}/a`))).toBe('ENOTDIR');
  });

  check('stat tells what is there', async (disk, directory, { platform }) => {
    const path = `${directory}/file`;
    expect(disk.stat(path)).toBeUndefined();
    disk.open(path, 'create').write([text('123')], 0);

    expect(disk.stat(path)).toMatchObject({ kind: 'file', size: 3 });
    expect(Math.abs(disk.stat(path)!.modifiedMs - platform.clock.now())).toBeLessThan(10_000);
    expect(disk.stat(directory)?.kind).toBe('directory');
    expect(disk.stat(`${path}/below`)).toBeUndefined();
  });

  check('a rename moves files and directories and replaces a file', async (disk, directory) => {
    disk.makeDirectory(`${directory}/from/inner`);
    disk.open(`${directory}/from/inner/x`, 'create').write([text('x')], 0);
    disk.open(`${directory}/y`, 'create').write([text('y')], 0);
    disk.rename(`${directory}/y`, `${directory}/from/inner/x`);
    disk.rename(`${directory}/from`, `${directory}/to`);

    expect(disk.readFile(`${directory}/to/inner/x`).toString()).toBe('y');
    expect(disk.list(directory)).toEqual(['to']);
    expect(codeOf(() => disk.rename(`${directory}/from`, `${directory}/other`))).toBe('ENOENT');
    await disk.syncDirectory(directory);
    await disk.syncDirectory(`${directory}/to/inner`);
  });

  check('removing what is missing is fine, and a directory goes with all in it', async (disk, directory) => {
    disk.remove(`${directory}/missing`);
    disk.removeDirectory(`${directory}/missing`);
    disk.makeDirectory(`${directory}/a/b`);
    disk.makeDirectory(`${directory}/a/b`);
    disk.open(`${directory}/a/b/file`, 'create').close();
    disk.removeDirectory(`${directory}/a`);

    expect(disk.list(directory)).toEqual([]);
    await expect(disk.syncDirectory(`${directory}/a`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  check('replace leaves the last content and no temporary file, however many run at once', async (disk, directory) => {
    const path = `${directory}/quorum-state`;
    const contents = Array.from({ length: 20 }, (_, index) => `content ${index} `.repeat(index * 50));
    await Promise.all(contents.map((content) => disk.replace(path, text(content))));

    expect(disk.readFile(path).toString()).toBe(contents.at(-1));
    expect(disk.list(directory)).toEqual(['quorum-state']);
    await expect(disk.replace(`${directory}/missing/file`, text('x'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  check('a directory has one lock, which can be taken again after its release', async (disk, directory) => {
    const lock = disk.lock(directory);
    expect(codeOf(() => disk.lock(directory))).toBe('ELOCKED');
    expect(codeOf(() => disk.lock(`${directory}/.`))).toBe('ELOCKED');
    expect(disk.list(directory)).toEqual(['.lock']);
    lock.release();
    lock.release();

    disk.lock(directory).release();
    expect(codeOf(() => disk.lock(`${directory}/missing`))).toBe('ENOENT');
  });
});

/** The code of the DiskError that it throws. */
function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(DiskError);
    return (error as DiskError).code;
  }
  return 'nothing was thrown';
}
