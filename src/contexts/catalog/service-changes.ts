import type { Service, ServiceChange, ServiceChanges } from './catalog.ts';

/** The fields that can be changed, in the order of the sheet. */
export const CHANGEABLE = [
  'name',
  'category',
  'priceMinor',
  'durationMinutes',
  'skills',
  'supplies',
  'active',
  'notes',
] as const satisfies readonly (keyof ServiceChanges)[];

/** A value as the history keeps it: amounts as text, because JSON numbers are not exact. */
function asJson(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/**
 * What differs between two states of a service; before is null for a new one. Empty when nothing
 * does.
 */
export function differences(before: Service | null, after: Service): ServiceChange['changes'] {
  const changes: ServiceChange['changes'] = {};
  if (before === null) changes.code = { old: null, new: after.code };
  for (const field of CHANGEABLE) {
    const old = before === null ? null : asJson(before[field]);
    const now = asJson(after[field]);
    if (before === null && now === null) continue;
    if (!sameJson(old, now)) changes[field] = { old, new: now };
  }
  return changes;
}

/** Equal as JSON, whatever the order of an object's keys (jsonb has its own). */
function sameJson(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, at) => sameJson(value, other[at]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => sameJson(one[key], other[key]))
    );
  }
  return one === other;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
