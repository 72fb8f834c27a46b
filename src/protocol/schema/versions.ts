/** Versions from `min` to `max`, both included; none at all when `max < min`. An open end (`'3+'`) has the largest int16 as `max`. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

const largestVersion = 32_767;

/** No version. */
export const noVersions: VersionRange = { min: 0, max: -1 };
/** Every version. */
export const everyVersion: VersionRange = { min: 0, max: largestVersion };

/** Reads what Kafka's message definitions write: `'none'`, `'4'`, `'0-12'` or `'3+'`. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return noVersions;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (!match) throw new TypeError(`'${text}' does not name versions: write 'none', '4', '0-12' or '3+'`);
  const min = Number(match[1]);
  if (match[2]) return { min, max: largestVersion };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

/** The inverse of {@link parseVersions}. */
export function formatVersions({ min, max }: VersionRange): string {
  if (max < min) return 'none';
  if (max >= largestVersion) return `${min}+`;
  return min === max ? `${min}` : `${min}-${max}`;
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}

/** The versions that are in both ranges. */
export function commonVersions(a: VersionRange, b: VersionRange): VersionRange {
  const min = Math.max(a.min, b.min);
  const max = Math.min(a.max, b.max);
  return max < min ? noVersions : { min, max };
}
