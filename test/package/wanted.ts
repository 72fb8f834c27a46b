/** They build, install from the registry and take minutes, so `npm test` does without them; `npm run test:package` asks for them. */
export const arePackageTestsWanted = process.env['PACKAGE'] === 'all';
