/** Imported before anything else: what is said here is clearer than what an older Node says of the first thing that it lacks. */
import { newerNodeNeeded } from '#platform';

const needed = newerNodeNeeded(process.version);
if (needed !== undefined) throw new Error(`kafka-lite-cluster needs ${needed} and this is ${process.version}. Update Node.`);
