import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import type { Issue } from '../platform/errors.ts';
import { wordIssues } from '../platform/zod-words.ts';
import { HttpProblem } from './errors.ts';

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
    const words = { key: 'a field of this request', whole: 'body' };
    const error = httpPart === 'querystring' ? byParameter(result.error) : result.error;
    const issues = wordIssues(error, data, schema, words);
    return { error: invalidRequest(PARTS[httpPart ?? ''] ?? 'The request', issues) };
  };
};

/** Several values of a parameter come as one text: whoever sent it knows no `status.0`. */
function byParameter({ issues }: z.ZodError): Pick<z.ZodError, 'issues'> {
  const short = issues.map((issue) => ({ ...issue, path: issue.path.slice(0, 1) }));
  const isFirst = (issue: z.core.$ZodIssue, index: number) =>
    short.findIndex((one) => one.path[0] === issue.path[0] && one.message === issue.message) ===
    index;
  return { issues: short.filter(isFirst) };
}

/** 400 with every fault. */
export function invalidRequest(part: string, issues: readonly Issue[]): HttpProblem {
  const list = issues.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new HttpProblem('invalid_request', `${part} has faults: ${list}.`, { issues });
}
