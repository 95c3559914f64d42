import { describe, expect, test } from 'vitest';
import { type ErrorKind, invalid, StewardError } from '../platform/errors.ts';
import { Interrupted, renderError, reportError, UsageError } from './error-report.ts';

describe('the report of an error', () => {
  test.each<[ErrorKind, number]>([
    ['invalid', 2],
    ['not_found', 1],
    ['conflict', 5],
    ['forbidden', 4],
    ['unavailable', 1],
  ])('%s ends with exit code %i', (kind, exitCode) => {
    const report = reportError(new StewardError(kind, 'some_code', 'A sentence.'));
    expect(report).toMatchObject({ exitCode, error: { kind, code: 'some_code' } });
    expect(report.stack).toBeUndefined();
  });

  test('Ctrl-C ends with 130, wrong usage with 2', () => {
    expect(reportError(new Interrupted()).exitCode).toBe(130);
    expect(reportError(new UsageError('x', 'Say more.'))).toMatchObject({
      exitCode: 2,
      error: { kind: 'usage', message: 'Say more.' },
    });
  });

  test("a right that the manager's database role lacks ends with 4 and says whom to ask", () => {
    const error = Object.assign(new Error('permission denied for table orders'), { code: '42501' });
    const report = reportError(error);
    expect(report.exitCode).toBe(4);
    expect(report.error.message).toMatch(/permission denied for table orders.*Ask ops/);
  });

  test('an unknown command is answered with the nearest one', () => {
    const error = Object.assign(new Error('command orders:lst not found'), { oclif: { exit: 2 } });
    const report = reportError(error, ['orders list', 'workers list']);
    expect(report).toMatchObject({ exitCode: 2, error: { code: 'no_such_command' } });
    expect(report.error.message).toContain('Did you mean "steward orders list"?');
  });

  test('anything else is unexpected: a short message, and the stack for whoever asks', () => {
    const report = reportError(new TypeError('x is undefined'));
    expect(report).toMatchObject({ exitCode: 1, error: { kind: 'unexpected' } });
    expect(report.error.message).toBe('Something unexpected happened: x is undefined');
    expect(report.stack).toContain('error-report.test.ts');
  });

  test('faults are listed once, also where the message has them already', () => {
    const issues = [
      { path: 'city', message: 'must not be empty' },
      { path: 'name', message: 'is too long' },
    ];
    const text = renderError(reportError(invalid('city must not be empty', issues)));
    expect(text).toBe('city must not be empty\n  name: is too long');
  });
});
