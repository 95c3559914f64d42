import { describeVariables, processEnvironment } from '../../platform/config.ts';
import type { Column } from '../table.ts';

/** A variable of the configuration, as it may be shown. */
export interface ShownVariable {
  name: string;
  value: string;
  source: 'environment' | 'default' | 'not set';
  description: string;
}

export const variableColumns: Column<ShownVariable>[] = [
  { header: 'variable', value: (one) => one.name },
  { header: 'from', value: (one) => one.source },
  { header: 'value', value: (one) => one.value },
  { header: 'what', value: (one) => one.description },
];

const SECRET = /KEY|SECRET|TOKEN$/;

/** Every variable with where its value comes from; no secret is in it. */
export function showVariables(environment = processEnvironment()): ShownVariable[] {
  return describeVariables().map(({ name, description, fallback }) => {
    const given = environment[name];
    if (given) return { name, value: mask(name, given), source: 'environment', description };
    const source = fallback === undefined ? 'not set' : 'default';
    return { name, value: fallback ?? '', source, description };
  });
}

function mask(name: string, value: string): string {
  if (SECRET.test(name)) return '(hidden)';
  if (!URL.canParse(value)) return value;
  const url = new URL(value);
  if (url.password) url.password = '***';
  return url.href;
}
