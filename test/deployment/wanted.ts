/** They install from the registry and take minutes, so `npm test` does without them; `npm run test:deployment` asks for them. */
export const areDeploymentTestsWanted = process.env['DEPLOYMENT'] === 'all';

/** Overlays and network namespaces are the administrator's, and Linux's. */
export const canMakeNamespaces = process.platform === 'linux' && process.getuid?.() === 0;
