import { z } from 'zod';
import type { Issue } from './errors.ts';
import { nearest } from './nearest.ts';

type ZodIssue = z.core.$ZodIssue;

/** A body can be wrong in thousands of ways at once; nobody reads more than these. */
const MOST_FAULTS = 20;
/** Names and values longer than this are not repeated in full. */
const LONGEST_SHOWN = 40;
/** How messages begin that zod makes up where a schema words none. */
const ZODS_OWN = /^(Invalid input|Invalid option|Too small|Too big)\b/;

/** How the input and its parts are called. */
interface InputWords {
  /** What its keys are: `a field of this request`. */
  key: string;
  /** Path of the input itself. */
  whole: string;
}

/**
 * Faults that zod found, in words that say what was found and what is expected.
 * @param data what was checked
 * @param schema what it was checked by: its keys are known to "did you mean …?"
 * @returns at most 20
 */
export function wordIssues(
  error: Pick<z.ZodError, 'issues'>,
  data: unknown,
  schema: z.ZodType,
  words: InputWords,
): Issue[] {
  return error.issues
    .slice(0, MOST_FAULTS)
    .flatMap((issue) => toIssues(issue, data, schema, words))
    .slice(0, MOST_FAULTS);
}

function toIssues(issue: ZodIssue, data: unknown, schema: z.ZodType, words: InputWords): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys
      .slice(0, MOST_FAULTS)
      .map((key) => unknownKey(issue.path, key, known, words.key));
  }
  const path = issue.path.length === 0 ? words.whole : issue.path.map(String).join('.');
  return [{ path, message: wordFault(issue, valueAt(data, issue.path)) }];
}

function wordFault(issue: ZodIssue, found: unknown): string {
  if (found === undefined && issue.path.length > 0) return 'is missing';
  if (issue.code === 'invalid_type') {
    return `expected ${nameOfType(issue.expected)}, found ${describe(found)}`;
  }
  // A schema that words a fault itself knows better.
  if (!ZODS_OWN.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}, found ${quote(found)}`;
    case 'too_small':
      return wordBound(issue.inclusive ? 'at least' : 'more than', issue.minimum, found);
    case 'too_big':
      return wordBound(issue.inclusive ? 'at most' : 'less than', issue.maximum, found);
    default:
      return issue.message;
  }
}

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return values.length === 1 ? shown : `one of ${shown}`;
}

function wordBound(bound: string, limit: number | bigint, found: unknown): string {
  const many = Number(limit) !== 1;
  if (typeof found === 'string') {
    return `expected ${bound} ${limit} character${many ? 's' : ''}, found ${found.length}`;
  }
  if (Array.isArray(found)) {
    return `expected ${bound} ${limit} ${many ? 'entries' : 'entry'}, found ${found.length}`;
  }
  return `expected ${bound} ${limit}, found ${String(found)}`;
}

function unknownKey(
  path: readonly PropertyKey[],
  key: string,
  known: readonly string[],
  what: string,
): Issue {
  const near = key.length <= LONGEST_SHOWN ? nearest(key, known) : undefined;
  const hint = near ? `; did you mean "${near}"?` : '';
  return { path: [...path, shorten(key)].map(String).join('.'), message: `is not ${what}${hint}` };
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** Names of the keys at this place of the schema. */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let here: z.core.$ZodType | undefined = unwrap(schema);
  for (const key of path) {
    if (here instanceof z.ZodObject) here = unwrap(here.shape[String(key)]);
    else if (here instanceof z.ZodArray) here = unwrap(here.element);
    else here = undefined;
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
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
  record: 'an object',
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

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(shorten(value)) : describe(value);
}

function shorten(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}
