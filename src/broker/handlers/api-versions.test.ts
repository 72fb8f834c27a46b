import { describe, expect, test } from 'vitest';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { clusterId, TestBroker, versionsOf } from '../testing.ts';

const software = { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.2.3' };

describe('ApiVersions', () => {
  test.each([0, 1, 2, 3, 4, 5])('version %i lists every handler with its versions, in the order of the keys', async (version) => {
    const broker = await TestBroker.start();

    const { apiKeys, errorCode } = await broker.ask(apiVersions, version, version >= 3 ? software : {});

    expect(errorCode).toBe('NONE');
    expect(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion])).toEqual(
      broker.dispatcher.handlers.map(({ api, versions }) => [api.key, versions.max]),
    );
    expect(apiKeys.find(({ apiKey }) => apiKey === 18)).toEqual({ apiKey: 18, minVersion: 0, maxVersion: 5 });
  });

  test('advertises Produce from 0 on, or librdkafka leaves gzip out, and serves it from 3 on', async () => {
    const broker = await TestBroker.start();

    const { apiKeys } = await broker.ask(apiVersions, 0, {});

    expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 });
    expect(versionsOf(broker.dispatcher.handlers[0]!)[0]).toBe(3);
  });

  test.each([
    3, 4, 5,
  ])('version %i leaves out supported features whose range begins at 0, below version 4 (KAFKA-17011)', async (version) => {
    const broker = await TestBroker.start();

    const answer = await broker.ask(apiVersions, version, software);

    expect(answer.supportedFeatures.some(({ minVersion }) => minVersion === 0)).toBe(version >= 4);
    expect(answer.supportedFeatures.some(({ name }) => name === 'metadata.version')).toBe(true);
    expect(answer.finalizedFeatures.map(({ name }) => name)).toContain('metadata.version');
    expect(answer.finalizedFeaturesEpoch).toBe(broker.image.offset);
  });

  test.each([
    { name: '', version: '1', because: 'the name is empty' },
    { name: 'test', version: '', because: 'the version is empty' },
    { name: '-test', version: '1', because: 'it begins with a dash' },
    { name: 'test.', version: '1', because: 'it ends with a dot' },
    { name: 'te st', version: '1', because: 'it has a space' },
    { name: 'test\n', version: '1', because: 'it has a line break' },
    { name: `a${'-'.repeat(30_000)}`, version: '1', because: 'it is long and wrong, and costs no time' },
  ])('refuses a client by name when $because', async ({ name: clientSoftwareName, version: clientSoftwareVersion }) => {
    const broker = await TestBroker.start();

    const answer = await broker.ask(apiVersions, 3, { clientSoftwareName, clientSoftwareVersion });

    expect([answer.errorCode, answer.apiKeys]).toEqual(['INVALID_REQUEST', []]);
    expect(broker.client.clientSoftware).toBeUndefined();
  });

  test.each(['a', 'apache-kafka-java', 'franz-go', 'librdkafka', 'kgo1.22'])('remembers the client %s', async (name) => {
    const broker = await TestBroker.start();

    await broker.ask(apiVersions, 3, { clientSoftwareName: name, clientSoftwareVersion: '2.0' });

    expect(broker.client.clientSoftware).toEqual({ name, version: '2.0' });
  });

  test.each([
    { asked: { clusterId, nodeId: 1 }, expected: 'NONE' },
    { asked: { clusterId: null, nodeId: -1 }, expected: 'NONE' },
    { asked: { clusterId: 'another', nodeId: -1 }, expected: 'REBOOTSTRAP_REQUIRED' },
    { asked: { clusterId: '', nodeId: -1 }, expected: 'REBOOTSTRAP_REQUIRED' },
    { asked: { clusterId, nodeId: 2 }, expected: 'REBOOTSTRAP_REQUIRED' },
    { asked: { clusterId: null, nodeId: 0 }, expected: 'REBOOTSTRAP_REQUIRED' },
  ])('version 5 that believes to speak to $asked is answered $expected (KIP-1242)', async ({ asked, expected }) => {
    const broker = await TestBroker.start();

    const { errorCode, apiKeys } = await broker.ask(apiVersions, 5, { ...software, ...asked });

    expect([errorCode, apiKeys.length > 0]).toEqual([expected, expected === 'NONE']);
  });

  test('nobody is sent away while this broker does not know its own cluster', async () => {
    const broker = await TestBroker.start({ clusterId: undefined });

    expect((await broker.ask(apiVersions, 5, { ...software, clusterId: 'some' })).errorCode).toBe('NONE');
  });
});
