import { supportedFeatures } from '#metadata';
import type { ResponseInput } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { type Handler, handler } from '../handler.ts';

const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** ApiVersions: which requests, in which versions, does this broker serve? The answer is made from the list of handlers. */
export function handleApiVersions(handlers: () => readonly Handler[]) {
  return handler(
    apiVersions,
    '0-5',
    (request, context): ResponseInput<typeof apiVersions> => {
      const { apiVersion } = context;
      if (apiVersion >= 3) {
        const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
        if (!softwareName.test(name) || !softwareName.test(version)) return { errorCode: 'INVALID_REQUEST', apiKeys: [] };
        context.noteClientSoftware(name, version);
      }
      if (namesAnother(request.clusterId, context.clusterId) || (request.nodeId !== -1 && request.nodeId !== context.nodeId)) {
        return { errorCode: 'REBOOTSTRAP_REQUIRED', apiKeys: [] };
      }
      const { image } = context;
      return {
        errorCode: 'NONE',
        apiKeys: handlers().map(advertised),
        throttleTimeMs: 0,
        // Before v4 a range that starts at 0 breaks older Java clients (KAFKA-17011).
        supportedFeatures: supportedFeatures
          .filter((feature) => apiVersion >= 4 || feature.minVersion > 0)
          .map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
        finalizedFeaturesEpoch: image.offset,
        finalizedFeatures: [...image.features].map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      };
    },
    { beforeFormed: true },
  );
}

/** The answer to an ApiVersions request in a version that is not known: in version 0, so that the client can read it and ask again. */
export function unsupportedApiVersions(own: Handler): ResponseInput<typeof apiVersions> {
  return { errorCode: 'UNSUPPORTED_VERSION', apiKeys: [advertised(own)] };
}

function advertised({ api, versions, advertisedMin }: Handler) {
  return { apiKey: api.key, minVersion: advertisedMin ?? versions.min, maxVersion: versions.max };
}

/** Before the cluster is formed nobody can say. */
function namesAnother(asked: string | null, own: string | undefined): boolean {
  return asked !== null && own !== undefined && asked !== own;
}
