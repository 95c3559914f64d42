import { describe, expect, test } from 'vitest';
import { StewardError, unavailable } from './errors.ts';
import { createLog, type Logger } from './log.ts';

const SECRET = 'anna@example.org';

/** The lines that are written. */
function written(write: (log: Logger) => void, level = 'trace') {
  const lines: string[] = [];
  const log = createLog({ level, part: 'test' }, { write: (line) => void lines.push(line) });
  write(log);
  return { text: lines.join(''), lines: lines.map((line) => JSON.parse(line)) };
}

/** An error as PostgreSQL's driver makes them. */
function databaseError(code: string, message: string) {
  return Object.assign(new Error(message), {
    name: 'DatabaseError',
    code,
    detail: `Key (email)=(${SECRET}) already exists.`,
    where: `unnamed portal parameter $1 = '${SECRET}'`,
    table: 'customers',
  });
}

test('a line is one JSON object with its time, part and level', () => {
  const { lines } = written((log) => log.info({ orderId: 'o-1' }, 'placed'));
  expect(lines).toEqual([
    { level: 30, time: expect.any(String), part: 'test', orderId: 'o-1', msg: 'placed' },
  ]);
  expect(new Date(lines[0].time).toISOString()).toBe(lines[0].time);
});

test('what is less severe than the level is not written', () => {
  expect(written((log) => log.info('quiet'), 'warn').text).toBe('');
  expect(written((log) => log.fatal('quiet'), 'silent').text).toBe('');
});

describe('personal data and secrets', () => {
  test.each([
    'name',
    'email',
    'phone',
    'address',
    'place',
    'description',
    'comment',
    'reason',
    'token',
    'authorization',
    'password',
    'subject',
    'to',
    'photo',
  ])('%s is cut out, at the top and one level down', (field) => {
    const { text, lines } = written((log) =>
      log.warn({ [field]: SECRET, order: { [field]: SECRET, id: 'o-1' } }, 'trouble'),
    );
    expect(text).not.toContain(SECRET);
    expect(lines[0]).toMatchObject({ order: { id: 'o-1' }, msg: 'trouble' });
  });

  test('are cut out of what a child logger is bound to', () => {
    const { text } = written((log) => log.child({ customer: { name: SECRET } }).info('hello'));
    expect(text).not.toContain(SECRET);
  });
});

describe('errors', () => {
  test('tell type, code, message and stack', () => {
    const err = new StewardError('conflict', 'nobody_free', 'Nobody is free.');
    const { lines } = written((log) => log.error({ err }, 'failed'));
    expect(lines[0].err).toMatchObject({
      type: 'StewardError',
      code: 'nobody_free',
      message: 'Nobody is free.',
      stack: expect.stringContaining('log.test.ts'),
    });
  });

  test('of the database do not tell the row that they were about', () => {
    const err = databaseError('23505', 'duplicate key value violates unique constraint "c_email"');
    for (const key of ['err', 'error', 'cause']) {
      const { text, lines } = written((log) => log.error({ [key]: err }, 'failed'));
      expect(text).not.toContain(SECRET);
      expect(lines[0][key]).toMatchObject({
        code: '23505',
        message: expect.stringContaining('c_email'),
      });
    }
  });

  test('of the database do not repeat the value that it could not read', () => {
    const err = databaseError('22P02', `invalid input syntax for type uuid: "${SECRET}" and "b`);
    const { text, lines } = written((log) => log.error({ err }, 'failed'));
    expect(text).not.toContain(SECRET);
    expect(lines[0].err.message).toContain('invalid input syntax for type uuid: "…"');
    expect(lines[0].err.stack).toContain('log.test.ts');
  });

  test('tell their causes, as sparingly', () => {
    const cause = databaseError('22007', `invalid timestamp: "${SECRET}"`);
    const err = unavailable('database_unavailable', 'The database does not answer.', cause);
    const { text, lines } = written((log) => log.error({ err }, 'failed'));
    expect(text).not.toContain(SECRET);
    expect(lines[0].err).toMatchObject({ code: 'database_unavailable', cause: { code: '22007' } });
  });

  test('logged alone do not lend their message to the line', () => {
    const error = databaseError('22P02', `invalid input syntax for type uuid: "${SECRET}"`);
    const { text, lines } = written((log) => log.error(error));
    expect(text).not.toContain(SECRET);
    expect(lines[0].err.code).toBe('22P02');
    expect(written((log) => log.error(error, 'it broke')).lines[0].msg).toBe('it broke');
  });

  test('that are no errors, and that cause themselves, do not break the log', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    const { lines } = written((log) => {
      log.error({ err: 'a text' }, 'failed');
      log.error({ err: null }, 'failed');
      log.error({ err: loop }, 'failed');
    });
    expect(lines.map((line) => line.err.message)).toEqual(['a text', 'null', 'loop']);
  });
});
