import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** What a comment right above it says. */
  readonly note: string | undefined;
}

/** The pages under a folder. */
export function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    // What is installed for the tests is many files, and none of ours.
    if (entry.isDirectory()) return ['.cache', 'node_modules'].includes(entry.name) ? [] : markdownIn(`${folder}/${entry.name}`);
    return entry.name.endsWith('.md') ? [`${folder}/${entry.name}`] : [];
  });
}

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  const found = text.matchAll(/^(?:<!-- ([^\n]*) -->\n+)?```(\w*)[^\n]*\n(.*?)^```$/gms);
  return [...found].map(({ 1: note, 2: language, 3: code, index }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language: language!,
    code: code!,
    note,
  }));
}

/** Whether a reader would type some of it into a shell, whatever the block calls its language. */
export function hasCommands({ language, code }: Block): boolean {
  if (['sh', 'bash', 'shell', 'zsh', 'console', 'powershell', 'bat'].includes(language)) return true;
  return ['', 'text'].includes(language) && /^\s*(\$ |((\.\/)?kafka-lite-cluster|np[mx]|node|curl|kcat|docker|prometheus) )/m.test(code);
}
