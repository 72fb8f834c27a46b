import { aboveHighWatermark } from './above-high-watermark.ts';
import type { Checker } from './checker.ts';
import { dirty } from './dirty.ts';
import { duplicate } from './duplicate.ts';
import { inconsistent } from './inconsistent.ts';
import { lost } from './lost.ts';
import { nonMonotonic } from './non-monotonic.ts';
import { reordered } from './reordered.ts';
import { unseen } from './unseen.ts';

/** All of them, in the order of the verdict. */
export const checkers: readonly Checker[] = [lost, unseen, duplicate, reordered, dirty, inconsistent, nonMonotonic, aboveHighWatermark];
