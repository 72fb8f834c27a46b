/** What the process ends with. Listed in every --help and in docs/operating/exit-codes.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** The command line, or a configuration, is wrong: trying again will not help. */
  usage: 2,
  notFound: 3,
  /** A broker does not answer, or the cluster is not ready. */
  notReady: 4,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const meanings: Readonly<Record<string, string>> = {
  0: 'done',
  1: 'failed',
  2: 'the command line or a setting is wrong',
  3: 'not found: no such topic, partition or group',
  4: 'not ready: a broker does not answer, or took too long',
  130: 'interrupted (Ctrl-C)',
  143: 'terminated (SIGTERM)',
};

/** The same for people. @param own what they mean for one command where that is more, or something else; null for those that it never ends with */
export function exitCodesHelp(own: Readonly<Record<string, string | null>> = {}): string {
  // Whole numbers come first, in their order.
  const lines = Object.entries({ ...meanings, ...own }).filter(([, meaning]) => meaning !== null);
  return `
Exit codes:
${lines.map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`).join('\n')}`;
}
