import { defaultMaker } from './defaults.ts';
import type { Field, Fields } from './fields.ts';
import type { Message } from './message.ts';

type Complete = (value: unknown) => unknown;

const completers = new WeakMap<Fields, Complete>();

/**
 * What decoding would give of a value made for encoding: every field that was left out has its default. For requests that stay in this
 * process and need no wire. Nothing is copied but the objects themselves.
 */
export function withDefaults<D, I>(message: Message<D, I>, value: I): D {
  return completerOf(message.fields)(value) as D;
}

function completerOf(fields: Fields): Complete {
  let complete = completers.get(fields);
  if (complete === undefined) {
    complete = makeCompleter(fields);
    completers.set(fields, complete);
  }
  return complete;
}

function makeCompleter(fields: Fields): Complete {
  const steps = Object.entries(fields).map(([name, field]) => ({ name, makeDefault: defaultMaker(field), inner: innerOf(field) }));
  return (value) => {
    const given = value as Record<string, unknown>;
    const whole: Record<string, unknown> = {};
    for (const { name, makeDefault, inner } of steps) {
      const found = given[name];
      whole[name] = found === undefined ? makeDefault() : found === null || inner === undefined ? found : inner(found);
    }
    return whole;
  };
}

function innerOf(field: Field): Complete | undefined {
  if (field.kind === 'struct') return completerOf(field.fields!);
  if (field.kind !== 'array') return undefined;
  const { element } = field;
  if (element?.kind !== 'struct') return undefined;
  const inner = completerOf(element.fields!);
  return (values) => (values as unknown[]).map(inner);
}
