import { badParameter } from './errors.ts';

/** A decoded request: what stood in `a[b][0]=c` as nested objects. */
export type Tree = { [name: string]: Tree | string };

/** One parameter that an endpoint takes. Names and kinds are those of Stripe's API reference. */
export type Field =
  | { kind: 'string'; required?: boolean; max?: number }
  | { kind: 'integer'; required?: boolean; least?: number }
  | { kind: 'boolean'; required?: boolean }
  | { kind: 'enum'; values: readonly string[]; required?: boolean }
  | { kind: 'url'; required?: boolean }
  | { kind: 'metadata'; required?: boolean }
  /** `created=5` or `created[gte]=5`. */
  | { kind: 'range'; required?: boolean }
  | { kind: 'strings'; required?: boolean; most?: number }
  | { kind: 'object'; fields: { [name: string]: Field }; required?: boolean };

/** Fields of one endpoint; the SDK's own type of its parameters vouches for the names. */
export type Fields<Params> = { [Name in keyof Params]?: Field };

export type Value = string | number | boolean | Value[] | { [name: string]: Value };
export type Values = { [name: string]: Value };

/** Decodes a form body or a query string. */
export function decodeForm(text: string): Tree {
  const tree: Tree = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = [...name.matchAll(/[^[\]]+|\[\]/g)].map(([part]) => part);
    let at = tree;
    for (const [depth, part] of path.entries()) {
      const key = part === '[]' ? String(Object.keys(at).length) : part;
      if (depth === path.length - 1) {
        at[key] = value;
        break;
      }
      const below = at[key];
      const next = typeof below === 'object' ? below : {};
      at[key] = next;
      at = next;
    }
  }
  return tree;
}

/** Reads parameters field by field. @throws ApiError 400 at the first that the endpoint refuses */
export function readParameters(tree: Tree, fields: { [name: string]: Field }): Values {
  return readFields(tree, fields, '');
}

function readFields(tree: Tree, fields: { [name: string]: Field }, prefix: string): Values {
  const named = (name: string) => (prefix ? `${prefix}[${name}]` : name);
  const values: Values = {};
  for (const [name, raw] of Object.entries(tree)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) {
      const message = `Received unknown parameter: ${named(name)}`;
      throw badParameter('parameter_unknown', named(name), message);
    }
    values[name] = readField(raw, field, named(name));
  }
  for (const [name, field] of Object.entries(fields)) {
    if (!field.required || name in values) continue;
    throw badParameter('parameter_missing', named(name), `Missing required param: ${named(name)}.`);
  }
  return values;
}

function readField(raw: Tree | string, field: Field, name: string): Value {
  switch (field.kind) {
    case 'object':
      if (typeof raw === 'string') throw badParameter('', name, `Invalid object: ${name}`);
      return readFields(raw, field.fields, name);
    case 'metadata':
      return readMetadata(raw, name);
    case 'strings':
      return readStrings(raw, field, name);
    case 'range':
      if (typeof raw === 'string') return readInteger(raw, name);
      return readFields(raw, RANGE, name);
    default:
      if (typeof raw !== 'string') throw badParameter('', name, `Invalid string: ${name}`);
      return readScalar(raw, field, name);
  }
}

const RANGE = Object.fromEntries(
  ['gt', 'gte', 'lt', 'lte'].map((name) => [name, { kind: 'integer' } as const]),
);

type Scalar = Extract<Field, { kind: 'string' | 'integer' | 'boolean' | 'enum' | 'url' }>;

function readScalar(raw: string, field: Scalar, name: string): Value {
  switch (field.kind) {
    case 'integer': {
      const value = readInteger(raw, name);
      if (field.least !== undefined && value < field.least) {
        const message = `This value must be greater than or equal to ${field.least}.`;
        throw badParameter('parameter_invalid_integer', name, message);
      }
      return value;
    }
    case 'boolean':
      if (raw !== 'true' && raw !== 'false') {
        throw badParameter('', name, `Invalid boolean: ${raw}`);
      }
      return raw === 'true';
    case 'enum':
      if (!field.values.includes(raw)) {
        const message = `Invalid ${name}: must be one of ${field.values.join(', ')}`;
        throw badParameter('', name, message);
      }
      return raw;
    case 'url':
      if (!/^https?:\/\//.test(raw) || !URL.canParse(raw.replaceAll(/[{}]/g, ''))) {
        throw badParameter('url_invalid', name, 'Not a valid URL');
      }
      return raw;
    case 'string':
      if (raw === '') {
        const message = `You passed an empty string for '${name}'.`;
        throw badParameter('parameter_invalid_empty', name, message);
      }
      if (raw.length > (field.max ?? 5000)) {
        const message = `Invalid string: ${name} must be at most ${field.max ?? 5000} characters`;
        throw badParameter('parameter_invalid_string', name, message);
      }
      return raw;
  }
}

function readInteger(raw: string, name: string): number {
  if (!/^-?\d{1,15}$/.test(raw)) {
    throw badParameter('parameter_invalid_integer', name, `Invalid integer: ${raw}`);
  }
  return Number(raw);
}

/** At most 50 pairs, names of at most 40 characters, values of at most 500. */
function readMetadata(raw: Tree | string, name: string): Value {
  if (raw === '') return {};
  if (typeof raw === 'string') throw badParameter('', name, 'Metadata must be a hash');
  const pairs = Object.entries(raw);
  for (const [key, value] of pairs) {
    if (typeof value !== 'string' || key.length > 40 || value.length > 500 || pairs.length > 50) {
      throw badParameter('', `${name}[${key}]`, 'Metadata beyond what is allowed');
    }
  }
  return raw;
}

function readStrings(raw: Tree | string, field: Extract<Field, { kind: 'strings' }>, name: string) {
  const strings = typeof raw === 'string' ? [raw] : Object.values(raw);
  if (strings.some((entry) => typeof entry !== 'string')) {
    throw badParameter('', name, `Invalid array: ${name}`);
  }
  if (strings.length > (field.most ?? 20)) {
    throw badParameter('', name, `Array ${name} exceeded maximum of ${field.most ?? 20} elements`);
  }
  return strings as string[];
}

/** Typed looks at what was read. */
export const text = (values: Values, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};
export const integer = (values: Values, name: string): number | undefined => {
  const value = values[name];
  return typeof value === 'number' ? value : undefined;
};
export const below = (values: Values, name: string): Values | undefined => {
  const value = values[name];
  return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
};
export const strings = (values: Values, name: string): string[] => {
  const value = values[name];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
};
/** Of a field that `required` vouches for. */
export const given = (values: Values, name: string): string => text(values, name) ?? '';
export const metadata = (values: Values): { [name: string]: string } => {
  const pairs = Object.entries(below(values, 'metadata') ?? {});
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]));
};
