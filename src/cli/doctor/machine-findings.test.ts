import { expect, test } from 'vitest';
import { diskFinding, nodeFinding, portFinding } from './machine-findings.ts';

test.each([
  ['v24.21.0', 'ok'],
  ['v22.19.0', 'ok'],
  ['v22.18.9', 'fail'],
  ['v20.1.0', 'fail'],
])('Node %s is %s', (version, level) => {
  expect(nodeFinding(version).level).toBe(level);
});

test('a disk is warned of before it is full', () => {
  expect([1e11, 1e9, 1e8, undefined].map((bytes) => diskFinding('/data', bytes).level)).toEqual(['ok', 'warn', 'fail', 'warn']);
});

test('a port in use comes with another one', () => {
  expect(portFinding(8080, undefined).level).toBe('ok');
  expect(portFinding(8080, 'that port is in use')).toMatchObject({ level: 'warn', advice: expect.stringContaining('--port=8180') });
});
