/** What it takes at least; package.json says the same to npm. */
const oldest = [22, 19] as const;

/**
 * Can this program run on that Node?
 * @param version as `process.version` is
 * @returns undefined when it can, else what it takes
 */
export function newerNodeNeeded(version: string): string | undefined {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]) ? undefined : `Node ${oldest.join('.')} or later`;
}
