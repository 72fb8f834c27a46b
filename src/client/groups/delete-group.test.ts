import { expect, test } from 'vitest';
import { NetworkError } from '#platform';
import { FakeCluster, idOf } from '../testing.ts';
import { deleteGroup } from './delete-group.ts';
import { describeGroup } from './describe-groups.ts';
import { commitOffsets } from './offsets.ts';

test('a group is deleted once, however often that has to be asked for', async () => {
  const cluster = new FakeCluster();
  cluster.offsets.set('readers', new Map());
  let tries = 0;
  cluster.intercept = ({ api }) => {
    if (api !== 'DeleteGroups' || tries++ > 0) return undefined;
    // It was carried out, and the answer was lost.
    cluster.offsets.delete('readers');
    throw new NetworkError('ECONNRESET', 'reset');
  };

  await deleteGroup(cluster, 'readers');

  expect(tries).toBe(2);
  await expect(deleteGroup(cluster, 'readers')).rejects.toMatchObject({ errorName: 'GROUP_ID_NOT_FOUND' });
});

test('a coordinator that moves is followed', async () => {
  const cluster = new FakeCluster();
  cluster.offsets.set('readers', new Map());
  const errors = ['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE'];
  cluster.intercept = ({ api }) =>
    api === 'DeleteGroups' && errors.length > 0 ? { results: [{ groupId: 'readers', errorCode: errors.shift() }] } : undefined;

  await deleteGroup(cluster, 'readers');

  expect(cluster.sent.filter(({ api }) => api === 'FindCoordinator')).toHaveLength(4);
  expect(cluster.offsets.has('readers')).toBe(false);
});

test('an outcome that nobody knows is said to be so', async () => {
  const cluster = new FakeCluster();
  cluster.intercept = ({ api }) => {
    if (api === 'DeleteGroups') throw new NetworkError('ECONNRESET', 'reset');
  };

  await expect(deleteGroup(cluster, 'readers')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a question that gets no answer leaves nobody in doubt: nothing was done', async () => {
  const cluster = new FakeCluster();
  cluster.intercept = ({ api }) => {
    if (api === 'ConsumerGroupDescribe') throw new NetworkError('ECONNRESET', 'reset');
  };

  await expect(describeGroup(cluster, 'readers')).rejects.toMatchObject({ errorName: 'NETWORK_EXCEPTION' });
});

test('a commit that the coordinator could not get into its log in time may still get there', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.intercept = ({ api }) =>
    api === 'OffsetCommit'
      ? { topics: [{ topicId: idOf('orders'), partitions: [{ partitionIndex: 0, errorCode: 'COORDINATOR_NOT_AVAILABLE' }] }] }
      : undefined;

  await expect(commitOffsets(cluster, 'readers', [{ topic: 'orders', partition: 0, offset: 1n }])).rejects.toMatchObject({
    code: 'ETIMEDOUT',
  });
});

test('a group with members names them', async () => {
  const cluster = new FakeCluster();
  cluster.members.set('readers', ['alice', 'bob', 'carol', 'dave']);

  await expect(deleteGroup(cluster, 'readers')).rejects.toMatchObject({
    errorName: 'NON_EMPTY_GROUP',
    message: expect.stringMatching(/has 4 members: alice .*, bob .*, carol .* and 1 more\. It cannot be deleted/),
  });
});
