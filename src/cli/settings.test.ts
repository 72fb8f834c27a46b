import { expect, test } from 'vitest';
import { memoryDisk } from '#platform';
import { parseProperties, readSettings } from './settings.ts';

function diskWith(text: string) {
  const disk = memoryDisk();
  const file = disk.open('/server.properties', 'create');
  file.write([Buffer.from(text)], 0);
  file.close();
  return disk;
}

test('a properties file is read as Java reads it', () => {
  const text =
    '# a comment\r\n! another\n\na=1\n b : 2\nc 3\nd=x=y\nlong=one,\\\n   two\npath=C\\:\\\\data\ne\\=f=\\u00e9\nempty=\nalone\n';

  expect(Object.fromEntries(parseProperties(text))).toEqual({
    a: '1',
    b: '2',
    c: '3',
    d: 'x=y',
    long: 'one,two',
    path: 'C:\\data',
    'e=f': 'é',
    empty: '',
    alone: '',
  });
});

test('flags win over the file, which wins over the environment', () => {
  const { settings } = readSettings(diskWith('log.retention.ms=1\nnum.partitions=3'), {
    file: '/server.properties',
    flags: ['log.retention.ms=2'],
    environment: {
      settings: new Map([
        ['num.partitions', '7'],
        ['broker.rack', 'a'],
      ]),
      variables: new Map(),
      notes: [],
    },
  });

  expect(Object.fromEntries(settings)).toEqual({ 'log.retention.ms': '2', 'num.partitions': '3', 'broker.rack': 'a' });
});

test.each(['log.retention.ms', '=1', ''])('--config=%s is refused', (flag) => {
  expect(() => readSettings(memoryDisk(), { flags: [flag] })).toThrow('a setting is written name=value');
});

test('a file that is not there is named', () => {
  expect(() => readSettings(memoryDisk(), { file: '/nowhere', flags: [] })).toThrow(
    '--properties=/nowhere: the file cannot be read (ENOENT)',
  );
});
