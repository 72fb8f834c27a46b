import { formatVersions, parseVersions, type VersionRange } from '#protocol';

/** A message laid flat, so that Kafka's definition and our schema can be held side by side. Versions are cut to those that can occur. */
export interface MessageShape {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  /** In the order of their bytes, structs before what they hold. */
  readonly fields: readonly FieldShape[];
}

export interface FieldShape {
  /** For example `topics.partitions.fetchOffset`. */
  readonly path: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** The versions in both ranges, as text. */
export function common(a: VersionRange, b: VersionRange): VersionRange {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

export function isEmpty({ min, max }: VersionRange): boolean {
  return max < min;
}

/** One spelling for each range: `4+` where no higher version than 4 is valid is `4`. */
export function spell(range: VersionRange): string {
  return isEmpty(range) ? 'none' : formatVersions(range);
}

export function versionsOf(text: string | undefined, otherwise: string): VersionRange {
  return parseVersions(text ?? otherwise);
}
