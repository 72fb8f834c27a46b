import { expect, test } from 'vitest';
import { memoryDisk } from '#platform';
import { banner, readyLine } from './banner.ts';
import { planUp, type UpFlags } from './up-options.ts';

const flags: UpFlags = { count: '3', port: '8080', logLevel: 'warn' };

function diskWithBrokers(...ids: number[]) {
  const disk = memoryDisk();
  for (const id of ids) {
    disk.makeDirectory(`/data/${id}`);
    disk.open(`/data/${id}/meta.properties`, 'create').close();
  }
  return disk;
}

test('brokers are counted from 1, on ports in a row, each the peer of all others', () => {
  const { brokers } = planUp(flags, memoryDisk());

  expect(brokers.map(({ id, port, directory }) => ({ id, port, directory }))).toEqual([
    { id: 1, port: 8080, directory: './kafka-lite-data/1' },
    { id: 2, port: 8081, directory: './kafka-lite-data/2' },
    { id: 3, port: 8082, directory: './kafka-lite-data/3' },
  ]);
  expect(brokers[1]!.args).toEqual([
    'broker',
    '--supervised',
    '--id=2',
    '--port=8081',
    '--peers=localhost:8080,localhost:8082',
    '--data=./kafka-lite-data/2',
    '--log-level=warn',
  ]);
});

test('settings are passed on to every broker', () => {
  const { brokers } = planUp({ ...flags, count: '1', memory: true, listen: ['0.0.0.0'], config: ['a=1', 'b=2'] }, memoryDisk());

  expect(brokers[0]!.args.slice(5)).toEqual(['--memory', '--log-level=warn', '--listen=0.0.0.0', '--config=a=1', '--config=b=2']);
});

test('brokers that listen elsewhere listen on loopback too, where they find each other', () => {
  expect(planUp({ ...flags, listen: ['10.0.0.7'] }, memoryDisk()).hosts).toEqual(['10.0.0.7', '127.0.0.1', '::1']);
  expect(planUp({ ...flags, listen: ['0.0.0.0'] }, memoryDisk()).hosts).toEqual(['0.0.0.0']);
  expect(planUp(flags, memoryDisk()).hosts).toEqual(['127.0.0.1', '::1']);
});

test('what clients are told to dial is a host for all brokers, each with its own port', () => {
  const plan = planUp({ ...flags, count: '2', memory: true, listen: ['0.0.0.0'], advertise: 'kafka.example.org' }, memoryDisk());

  for (const { args } of plan.brokers) expect(args).toContain('--advertise=kafka.example.org');
  expect(plan.notes).toEqual([]);
  expect(banner(plan)).toContain('Advertised         kafka.example.org:8080,kafka.example.org:8081');
  expect(JSON.parse(readyLine(plan))).toMatchObject({ advertisedHost: 'kafka.example.org' });
});

test('who advertises a host and listens on loopback only hears of it', () => {
  expect(planUp({ ...flags, advertise: '10.0.0.7' }, memoryDisk()).notes).toEqual([
    '--advertise=10.0.0.7: the brokers listen on loopback only, and 10.0.0.7 has to lead there. --listen=0.0.0.0 lets others dial them.',
  ]);
});

test('brokers that have data of an earlier run are known', () => {
  const { brokers } = planUp({ ...flags, data: '/data' }, diskWithBrokers(1, 2));

  expect(brokers.map(({ hasData }) => hasData)).toEqual([true, true, false]);
});

test('data of brokers beyond --count is pointed out', () => {
  expect(planUp({ ...flags, count: '1', data: '/data' }, diskWithBrokers(1, 2, 3)).notes).toEqual([
    '/data holds data of brokers 2, 3 too; --count=3 starts them as well.',
  ]);
});

test.each([
  { wrong: { count: '0' }, error: '--count=0' },
  { wrong: { count: 'three' }, error: '--count=three' },
  { wrong: { count: '101' }, error: '--count=101' },
  { wrong: { port: '0' }, error: '--port=0' },
  { wrong: { port: '65534' }, error: '3 brokers need the ports up to 65536' },
  { wrong: { memory: true, data: '/x' }, error: '--memory keeps nothing' },
  { wrong: { config: ['x'] }, error: '--config=x' },
  { wrong: { advertise: 'kafka:9092' }, error: 'each broker is found at the port that it listens on. Write --advertise=kafka;' },
  { wrong: { advertise: '0.0.0.0' }, error: '--advertise=0.0.0.0: nobody can dial every address' },
  { wrong: { logLevel: 'loud' }, error: '--log-level=loud' },
])('$wrong is refused before anything is started', ({ wrong, error }) => {
  expect(() => planUp({ ...flags, ...wrong }, memoryDisk())).toThrow(error);
});

test('the ready block names servers, URL, data and durability', () => {
  const text = banner(planUp({ ...flags, data: '/data' }, memoryDisk()));

  expect(text).toContain('3 brokers are ready.');
  expect(text).toContain('Bootstrap servers  localhost:8080,localhost:8081,localhost:8082');
  expect(text).toContain('HTTP               http://localhost:8080');
  expect(text).toContain('/data');
  expect(text).toContain('survives a crash');
});

test('in memory the ready block says loudly that nothing is kept', () => {
  expect(banner(planUp({ ...flags, memory: true }, memoryDisk()))).toContain('NOTHING IS KEPT');
});

test('with log.flush.mode=os nobody is told that everything survives', () => {
  const plan = planUp({ ...flags, data: '/data', config: ['log.flush.mode=os'] }, memoryDisk());

  expect(banner(plan)).toContain('a power cut may lose what was acknowledged');
  expect(JSON.parse(readyLine(plan))).toMatchObject({ durable: false, dataDirectory: '/data' });
});

test('--json is one line', () => {
  const line = readyLine(planUp({ ...flags, count: '1', memory: true }, memoryDisk()));

  expect(line.endsWith('\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({
    ready: true,
    bootstrapServers: 'localhost:8080',
    http: 'http://localhost:8080',
    brokers: [{ id: 1, address: 'localhost:8080' }],
    dataDirectory: null,
    durable: false,
  });
});
