import { badParameter } from './errors.ts';
import { below, type Field, integer, text, type Values } from './parameters.ts';
import type { Table } from './world.ts';

/** Parameters of every list. */
export const PAGING = {
  limit: { kind: 'integer' },
  starting_after: { kind: 'string' },
  ending_before: { kind: 'string' },
} satisfies { [name: string]: Field };

interface Listed {
  id: string;
  created?: number;
}

/** A page of a table, newest first, as every list of the API answers. */
export function listPage<Row extends Listed>(
  table: Table<Row>,
  values: Values,
  url: string,
  keep: (row: Row) => boolean,
) {
  const limit = integer(values, 'limit') ?? 10;
  if (limit < 1 || limit > 100) {
    const message = 'This value must be between 1 and 100.';
    throw badParameter('parameter_invalid_integer', 'limit', message);
  }
  const inRange = createdFilter(values);
  const newestFirst = table.rows.toReversed().filter((row) => keep(row) && inRange(row));
  const indexOf = (name: string) => {
    const id = text(values, name);
    if (id === undefined) return undefined;
    table.get(id, name);
    return newestFirst.findIndex((row) => row.id === id);
  };
  const after = indexOf('starting_after');
  const before = indexOf('ending_before');
  if (before !== undefined) {
    const start = Math.max(0, before - limit);
    return { object: 'list', url, has_more: start > 0, data: newestFirst.slice(start, before) };
  }
  const start = after === undefined ? 0 : after + 1;
  const data = newestFirst.slice(start, start + limit);
  return { object: 'list', url, has_more: start + limit < newestFirst.length, data };
}

function createdFilter(values: Values): (row: Listed) => boolean {
  const exactly = integer(values, 'created');
  const range = below(values, 'created');
  if (exactly !== undefined) return (row) => row.created === exactly;
  if (!range) return () => true;
  const { gt, gte, lt, lte } = range;
  return ({ created = 0 }) =>
    (typeof gt !== 'number' || created > gt) &&
    (typeof gte !== 'number' || created >= gte) &&
    (typeof lt !== 'number' || created < lt) &&
    (typeof lte !== 'number' || created <= lte);
}
