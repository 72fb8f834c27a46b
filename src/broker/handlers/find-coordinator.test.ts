import { expect, test } from 'vitest';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { TestBroker } from '../testing.ts';

test.each([0, 3, 4, 6])('FindCoordinator v%i says that nobody coordinates here', async (version) => {
  const broker = await TestBroker.start();

  const asked = version < 4 ? { key: 'readers' } : { coordinatorKeys: ['readers'] };
  const answer = await broker.ask(findCoordinator, version, asked);

  const [first] = version < 4 ? [answer] : answer.coordinators;
  expect(first).toMatchObject({ errorCode: 'COORDINATOR_NOT_AVAILABLE', nodeId: -1 });
});
