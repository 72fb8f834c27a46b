import { allApis } from '#protocol';
import { OptionError } from './options.ts';

/** Is this client the one that is meant? */
export function isNamed(clientId: string | null, wanted: string | RegExp): boolean {
  if (clientId === null) return false;
  return typeof wanted === 'string' ? clientId === wanted : wanted.test(clientId);
}

/** @throws OptionError */
export function checkApi(api: string): void {
  const names = [...allApis.values()].map(({ name }) => name);
  if (!names.includes(api)) throw new OptionError('api', api, "Kafka's protocol has no such API", likely(api, names));
}

/** Names that the writer may have meant. */
export function likely(wrong: string, names: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replaceAll('_', '');
  const close = names.filter((name) => plain(name).includes(plain(wrong)) || plain(wrong).includes(plain(name))).slice(0, 3);
  return close.length === 0 ? `There are ${names.slice(0, 6).join(', ')} and others` : `Did you mean ${close.join(' or ')}?`;
}
