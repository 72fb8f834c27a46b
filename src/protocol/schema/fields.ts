import type { ErrorName } from '../errors.ts';
import { commonVersions, everyVersion, parseVersions, type VersionRange } from './versions.ts';

/** What the bytes of a field are. */
export type Kind = ScalarKind | 'array' | 'struct';
export type ScalarKind =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'float64'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'records'
  | 'uuid'
  | 'errorCode';

/** A field's options as they are written; names and version texts are those of Kafka's message definitions. */
export interface Options<T> {
  /** The message versions that have the field; all of them when left out. */
  readonly versions?: string;
  /** The field's number in the tagged section. A tagged field with its default value takes no bytes. */
  readonly tag?: number;
  /** The versions in which a field with a `tag` is tagged; all its versions when left out. */
  readonly taggedVersions?: string;
  /** What a version without the field decodes to; zero, empty, or a struct of defaults when left out. */
  readonly default?: T;
  /** A value that a version has no room for is dropped when encoding, not refused. */
  readonly ignorable?: boolean;
}

export interface NullableOptions<T> extends Options<T | null> {
  /** The versions in which null may stand on the wire. */
  readonly nullable?: string;
}

export interface StringOptions extends NullableOptions<string> {
  /** 'none': written with the old two-byte length also where the message is flexible. Kafka does so with the client id of request headers. */
  readonly flexible?: 'none';
}

type NoOptions = Record<never, never>;

/** One field of a message: how its bytes look, in which versions, and (in `types`, which no value has) its TypeScript types. */
export interface Field<Decoded = unknown, Input = unknown, Omittable extends boolean = boolean> {
  readonly kind: Kind;
  readonly versions: VersionRange;
  readonly nullable: VersionRange | undefined;
  readonly tag: number | undefined;
  readonly taggedVersions: VersionRange | undefined;
  /** What was written as `default`; undefined when nothing was. */
  readonly explicitDefault: unknown;
  readonly ignorable: boolean;
  /** The field keeps the inflexible form in flexible versions. */
  readonly neverFlexible: boolean;
  /** What an array holds. */
  readonly element: Field | undefined;
  /** What a struct holds. */
  readonly fields: Fields | undefined;
  readonly types?: { readonly decoded: Decoded; readonly input: Input; readonly omittable: Omittable };
}

/** The fields of a message or struct in the order of their bytes. */
export interface Fields {
  readonly [name: string]: Field;
}

type TypesOf<F> = F extends { readonly types?: infer T } ? NonNullable<T> : never;
type DecodedField<F> = TypesOf<F> extends { readonly decoded: infer T } ? T : never;
type InputField<F> = TypesOf<F> extends { readonly input: infer T } ? T : never;
type OmittableKeys<F> = { [K in keyof F]: TypesOf<F[K]> extends { readonly omittable: true } ? K : never }[keyof F];

/** The object that decoding gives: every field is there, whatever the version. */
export type Decoded<F> = { -readonly [K in keyof F]: DecodedField<F[K]> };
/** The object that encoding takes: a field with `default`, `versions`, `tag` or `nullable` may be left out and then has its default. */
export type Input<F> = { readonly [K in Exclude<keyof F, OmittableKeys<F>>]: InputField<F[K]> } & {
  readonly [K in OmittableKeys<F>]?: InputField<F[K]>;
};

type IsOmittable<O> = [Extract<keyof O, 'versions' | 'tag' | 'nullable' | 'default'>] extends [never] ? false : true;
type OrNull<T, O> = O extends { readonly nullable: string } ? T | null : T;
type Scalar<T, O> = Field<OrNull<T, O>, OrNull<T, O>, IsOmittable<O>>;

function field(
  kind: Kind,
  options: StringOptions | NullableOptions<unknown> = {},
  inner: { element?: Field; fields?: Fields } = {},
): Field {
  const versions = options.versions === undefined ? everyVersion : parseVersions(options.versions);
  const within = (text: string | undefined) => commonVersions(versions, text === undefined ? everyVersion : parseVersions(text));
  return {
    kind,
    versions,
    nullable: options.nullable === undefined ? undefined : within(options.nullable),
    tag: options.tag,
    taggedVersions: options.tag === undefined ? undefined : within(options.taggedVersions),
    explicitDefault: options.default,
    ignorable: options.ignorable ?? false,
    neverFlexible: 'flexible' in options && options.flexible === 'none',
    element: inner.element,
    fields: inner.fields,
  };
}

export function int8<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('int8', options) as Scalar<number, O>;
}

export function int16<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('int16', options) as Scalar<number, O>;
}

export function int32<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('int32', options) as Scalar<number, O>;
}

/** A `bigint`, so that no offset, timestamp or producer id is ever rounded. */
export function int64<const O extends Options<bigint> = NoOptions>(options?: O): Scalar<bigint, O> {
  return field('int64', options) as Scalar<bigint, O>;
}

export function uint16<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('uint16', options) as Scalar<number, O>;
}

export function uint32<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('uint32', options) as Scalar<number, O>;
}

export function float64<const O extends Options<number> = NoOptions>(options?: O): Scalar<number, O> {
  return field('float64', options) as Scalar<number, O>;
}

export function bool<const O extends Options<boolean> = NoOptions>(options?: O): Scalar<boolean, O> {
  return field('bool', options) as Scalar<boolean, O>;
}

/** At most 32,767 bytes of UTF-8. */
export function string<const O extends StringOptions = NoOptions>(options?: O): Scalar<string, O> {
  return field('string', options) as Scalar<string, O>;
}

/** Decodes to a view of the frame, not to a copy. */
export function bytes<const O extends NullableOptions<Buffer> = NoOptions>(options?: O): Scalar<Buffer, O> {
  return field('bytes', options) as Scalar<Buffer, O>;
}

/** Record batches, as bytes: same form and type as {@link bytes}, but the default is null where null is allowed. */
export function records<const O extends NullableOptions<Buffer> = NoOptions>(options?: O): Scalar<Buffer, O> {
  return field('records', options) as Scalar<Buffer, O>;
}

/** Kafka's text form: 22 characters of base64url. */
export function uuid<const O extends Options<string> = NoOptions>(options?: O): Scalar<string, O> {
  return field('uuid', options) as Scalar<string, O>;
}

/** An int16 that stands for an error, as its name. A number that Kafka 4.4.0 has no name for decodes to UNKNOWN_SERVER_ERROR. */
export function errorCode<const O extends Options<ErrorName> = NoOptions>(options?: O): Scalar<ErrorName, O> {
  return field('errorCode', options) as Scalar<ErrorName, O>;
}

type ArrayOf<E, O> = E extends Field
  ? Field<OrNull<DecodedField<E>[], O>, OrNull<readonly InputField<E>[], O>, IsOmittable<O>>
  : Field<OrNull<Decoded<E>[], O>, OrNull<readonly Input<E>[], O>, IsOmittable<O>>;

/** An array of one kind of field, or, given an object of fields, of structs. */
export function array<E extends Field | Fields, const O extends NullableOptions<never> = NoOptions>(
  element: E,
  options?: O,
): ArrayOf<E, O> {
  return field('array', options, { element: isField(element) ? element : struct(element) }) as ArrayOf<E, O>;
}

/** Fields that belong together. */
export function struct<F extends Fields, const O extends NullableOptions<never> = NoOptions>(
  fields: F,
  options?: O,
): Field<OrNull<Decoded<F>, O>, OrNull<Input<F>, O>, IsOmittable<O>> {
  return field('struct', options, { fields }) as Field<OrNull<Decoded<F>, O>, OrNull<Input<F>, O>, IsOmittable<O>>;
}

/** An object of fields may itself have a field that is called `kind`: only a field has text there. */
function isField(value: Field | Fields): value is Field {
  return typeof value.kind === 'string';
}
