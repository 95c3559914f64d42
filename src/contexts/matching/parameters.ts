import type { Issue } from '../../platform/errors.ts';

/**
 * A schema by the Standard Schema interface, which Zod, Valibot and ArkType implement: a module
 * from outside may bring its own copy or another library.
 */
interface ParameterSchema<P> {
  readonly '~standard': { validate(value: unknown): SchemaResult<P> | Promise<SchemaResult<P>> };
}

type SchemaResult<P> =
  | { readonly value: P; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A schema, or a plain object that holds the default of every parameter. */
export type ParameterDeclaration<P> = ParameterSchema<P> | Readonly<Record<string, unknown>>;

type Reading = { ok: true; value: unknown } | { ok: false; issues: Issue[] };

/** Whether a module may declare its parameters like this. */
export function isParameterDeclaration(value: unknown): boolean {
  return isSchema(value) || isPlainObject(value);
}

/** Checks what the configuration gives against what the step declares, and fills the defaults. */
export function readParameters(
  declared: ParameterDeclaration<unknown> | undefined,
  given: Readonly<Record<string, unknown>>,
  path: string,
): Reading {
  const reading = isSchema(declared)
    ? readBySchema(declared, given, path)
    : readByDefaults(declared ?? {}, given, path);
  if (!reading.ok) return reading;
  // Parameters stand in every receipt, which is JSON.
  try {
    JSON.stringify(reading.value);
  } catch (error) {
    return fault(path, `The parameters cannot be written as JSON: ${errorText(error)}.`);
  }
  return { ok: true, value: freezeDeep(reading.value) };
}

function readBySchema(schema: ParameterSchema<unknown>, given: unknown, path: string): Reading {
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = schema['~standard'].validate(given);
  } catch (error) {
    return fault(path, `The check of the parameters failed: ${errorText(error)}.`);
  }
  if (result instanceof Promise) {
    result.catch(() => undefined);
    return fault(path, 'The schema of the parameters is asynchronous; expected a synchronous one.');
  }
  if (!result.issues) return { ok: true, value: result.value };
  const issues = result.issues.map((issue) => ({
    path: [path, ...(issue.path ?? []).map(pathPart)].join('.'),
    message: issue.message,
  }));
  return { ok: false, issues };
}

function readByDefaults(
  defaults: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  path: string,
): Reading {
  const known = Object.keys(defaults);
  const issues: Issue[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) {
      const expected = known.length > 0 ? `known are ${known.join(', ')}` : 'the step takes none';
      issues.push({ path: `${path}.${key}`, message: `There is no such parameter: ${expected}.` });
    } else if (typeName(value) !== typeName(defaults[key])) {
      const message = `Expected ${typeName(defaults[key])}, found ${typeName(value)}.`;
      issues.push({ path: `${path}.${key}`, message });
    }
  }
  return issues.length > 0
    ? { ok: false, issues }
    : { ok: true, value: structuredClone({ ...defaults, ...given }) };
}

/** `TypeError: x is not a function`, for receipts and messages. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function fault(path: string, message: string): Reading {
  return { ok: false, issues: [{ path, message }] };
}

function pathPart(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isSchema(value: unknown): value is ParameterSchema<unknown> {
  return value !== null && typeof value === 'object' && '~standard' in value;
}

function isPlainObject(value: unknown): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function freezeDeep<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  for (const inner of Object.values(value)) freezeDeep(inner);
  return Object.freeze(value);
}
