import { expect, test } from 'vitest';
import { conflict, forbidden, invalid, notFound, StewardError, unavailable } from './errors.ts';

test('an error carries what a caller can act on', () => {
  const cause = new Error('socket hang up');
  expect(notFound('order', 'o-1')).toMatchObject({
    kind: 'not_found',
    code: 'order_not_found',
    message: 'There is no order "o-1".',
    data: { id: 'o-1' },
    issues: [],
  });
  expect(invalid('Two faults.', [{ path: 'a', message: 'b' }])).toMatchObject({
    kind: 'invalid',
    code: 'invalid_input',
    issues: [{ path: 'a', message: 'b' }],
  });
  expect(conflict('taken', 'Taken.', { by: 'w-1' })).toMatchObject({
    kind: 'conflict',
    data: { by: 'w-1' },
  });
  expect(forbidden('not_a_worker', 'No.')).toMatchObject({ kind: 'forbidden', data: {} });
  expect(unavailable('mail_unavailable', 'Later.', cause)).toMatchObject({
    kind: 'unavailable',
    cause,
  });
  expect('cause' in new StewardError('invalid', 'x', 'x')).toBe(false);
  expect(forbidden('x', 'x')).toBeInstanceOf(Error);
});
