import { StewardError } from '../platform/errors.ts';

const UNIT_MS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;
const PART = /(\d{1,9})(ms|s|m|h|d)/gy;

/**
 * Reads a span of time as people write it: `90s`, `30m`, `8h`, `7d`, `1h30m`.
 * @returns milliseconds, more than 0
 * @throws StewardError `invalid_duration`
 */
export function parseDurationMs(text: string): number {
  const trimmed = text.trim();
  PART.lastIndex = 0;
  let total = 0;
  let end = 0;
  for (const match of trimmed.matchAll(PART)) {
    total += Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
    end = match.index + match[0].length;
  }
  if (end === trimmed.length && total > 0) return total;
  throw new StewardError(
    'invalid',
    'invalid_duration',
    `"${text}" is not a span of time: expected a number with s, m, h or d behind it, such as 90s, 30m, 8h or 7d.`,
  );
}

/** `350 ms`, `2.4 s`, `12 min`, `3 h 20 min`, `5 d 2 h`: for people, two units at most. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds));
  if (rounded < UNIT_MS.s) return `${rounded} ms`;
  if (rounded < UNIT_MS.m) return `${(rounded / UNIT_MS.s).toFixed(1)} s`;
  const minutes = Math.floor(rounded / UNIT_MS.m);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(hours, 'h', minutes % 60, 'min');
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joined(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}
