import { expect, test } from 'vitest';
import { kinds } from '../admin/config-command.ts';
import { logLevels } from '../broker-options.ts';
import { inputs } from '../records/inputs.ts';
import { outputs } from '../records/outputs.ts';
import { codecs } from '../records/produce-flags.ts';
import { shells } from './scripts.ts';
import { firstArguments, valuesOfFlags } from './values.ts';

test('what is suggested for a flag is what it takes', () => {
  expect(valuesOfFlags).toMatchObject({
    '--compression': codecs,
    '--input': inputs,
    '--output': outputs,
    '-o': outputs,
    '--log-level': logLevels,
  });
});

test('what is suggested for an argument is what it takes', () => {
  expect(firstArguments['completion']).toEqual(shells);
  for (const command of ['describe', 'set', 'unset']) expect(firstArguments[`config ${command}`]).toEqual(Object.keys(kinds));
});
