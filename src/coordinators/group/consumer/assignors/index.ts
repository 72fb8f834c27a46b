import type { Assignor } from './assignor.ts';
import { range } from './range.ts';
import { uniform } from './uniform.ts';

/** What the server can assign by; the first is the one for members that do not choose. */
export const assignors: readonly Assignor[] = [uniform, range];
export const defaultAssignor: Assignor = uniform;
