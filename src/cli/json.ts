/**
 * The JSON text of a command's result: indented, dates as ISO 8601, whole numbers beyond 2^53 as
 * text (a JSON number would no longer be exact), maps as objects, sets as arrays.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, replaceValue, 2);
}

/** The same on one line, for JSON lines. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value, replaceValue);
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}
