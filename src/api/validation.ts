import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import type { Issue } from '../platform/errors.ts';
import { nearest } from '../platform/nearest.ts';
import { HttpProblem } from './errors.ts';

type ZodIssue = z.core.$ZodIssue;

/** A body can be wrong in thousands of ways at once; nobody reads more than these. */
const MOST_FAULTS = 20;
/** Names longer than this are nobody's slip of the pen. */
const LONGEST_NAME = 40;

const PARTS: Readonly<Record<string, string>> = {
  body: 'The body of the request',
  querystring: 'The query',
  params: 'The address',
};

/** Checks a part of a request by its zod schema; faults become a problem with their paths. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (given: unknown) => {
    // Fastify hands over null where there is no body.
    const data = httpPart === 'body' ? (given ?? undefined) : given;
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    const issues = result.error.issues
      .slice(0, MOST_FAULTS)
      .flatMap((issue) => toIssues(issue, data, schema))
      .slice(0, MOST_FAULTS);
    return { error: invalidRequest(PARTS[httpPart ?? ''] ?? 'The request', issues) };
  };
};

/** 400 with every fault. */
export function invalidRequest(part: string, issues: readonly Issue[]): HttpProblem {
  const list = issues.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new HttpProblem('invalid_request', `${part} has faults: ${list}.`, { issues });
}

function toIssues(issue: ZodIssue, data: unknown, schema: z.ZodType): Issue[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.slice(0, MOST_FAULTS).map((key) => unknownField(issue.path, key, known));
  }
  if (issue.code === 'invalid_type') {
    const found = valueAt(data, issue.path);
    if (found === undefined && issue.path.length > 0) return [{ path, message: 'is missing' }];
    const expected = `expected ${nameOfType(issue.expected)}`;
    return [{ path, message: `${expected}, found ${describe(found)}` }];
  }
  return [{ path, message: issue.message }];
}

function unknownField(path: PropertyKey[], key: string, known: readonly string[]): Issue {
  const near = key.length <= LONGEST_NAME ? nearest(key, known) : undefined;
  const hint = near ? `; did you mean "${near}"?` : '';
  const shown = key.length <= LONGEST_NAME ? key : `${key.slice(0, LONGEST_NAME)}…`;
  return { path: pathText([...path, shown]), message: `is not a field of this request${hint}` };
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'body' : path.map(String).join('.');
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** Names of the fields at this place of the schema, for "did you mean …?". */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let here: z.core.$ZodType | undefined = unwrap(schema);
  for (const key of path) {
    here = here instanceof z.ZodObject ? unwrap(here.shape[String(key)]) : undefined;
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return unwrap(schema.unwrap());
  }
  return schema;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
};

function nameOfType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value);
  return nameOfType(typeof value);
}
