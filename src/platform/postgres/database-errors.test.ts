import { expect, test } from 'vitest';
import { conflict, unavailable } from '../errors.ts';
import { isDatabaseUnavailable, sqlState, translateDatabaseError } from './database-errors.ts';

const withCode = (code: string, message = 'something') =>
  Object.assign(new Error(message), { code });

test.each([
  ['an administrator ended the session', withCode('57P01')],
  ['the server is starting', withCode('57P03')],
  ['there are too many connections', withCode('53300')],
  ['the connection broke', withCode('08006')],
  ['nobody listens', withCode('ECONNREFUSED')],
  ['nobody listens on any address', new AggregateError([withCode('ECONNREFUSED')])],
  ['there is no such host', withCode('ENOTFOUND')],
  ['after a failover this is the standby', withCode('25006')],
  ['the socket closed', new Error('Connection terminated unexpectedly')],
  ['the pool has none left', new Error('timeout exceeded when trying to connect')],
])('the database is unavailable when %s', (_, error) => {
  expect(isDatabaseUnavailable(error)).toBe(true);
  const translated = translateDatabaseError(error);
  expect(translated).toMatchObject({
    kind: 'unavailable',
    code: 'database_unavailable',
    cause: error,
  });
  expect(translateDatabaseError(translated)).toBe(translated);
});

test.each([
  ['a constraint', withCode('23505')],
  ['a missing right', withCode('42501')],
  ['a timeout of the statement', withCode('57014')],
  ['a deadlock', withCode('40P01')],
  ['a conflict of ours', conflict('nobody_free', 'Nobody is free.')],
  ['something else that is unavailable', unavailable('mail_unavailable', 'Later.')],
  ['a bug', new TypeError('x is not a function')],
  ['what is no error at all', 'ECONNREFUSED'],
])('%s stays what it is', (_, error) => {
  expect(isDatabaseUnavailable(error)).toBe(false);
  expect(translateDatabaseError(error)).toBe(error);
});

test('an SQLSTATE is told from other codes', () => {
  expect(sqlState(withCode('23P01'))).toBe('23P01');
  for (const error of [withCode('EPIPE'), withCode('nobody_free'), new Error('x'), '23505', null]) {
    expect(sqlState(error)).toBeUndefined();
  }
});
