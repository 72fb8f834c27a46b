/** What flags may be given, where that is a list. Written again, as loading those who read the flags would take longer than the answer. */
export const valuesOfFlags: Readonly<Record<string, readonly string[]>> = {
  '--compression': ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  '--input': ['text', 'json', 'ndjson', 'raw'],
  '--output': ['text', 'json', 'ndjson', 'raw'],
  '-o': ['text', 'json', 'ndjson', 'raw'],
  '--acks': ['all', '1'],
  '--isolation-level': ['read_committed', 'read_uncommitted'],
  '--log-level': ['debug', 'info', 'warn', 'error', 'silent'],
};

const kinds = ['topic', 'broker', 'group'];

/** The same for a command's first argument. */
export const firstArguments: Readonly<Record<string, readonly string[]>> = {
  completion: ['bash', 'zsh', 'fish', 'pwsh'],
  'config describe': kinds,
  'config set': kinds,
  'config unset': kinds,
};
