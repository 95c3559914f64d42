import { expect, test } from 'vitest';
import { failureOf, wantsAuthentication } from './declines.ts';

test.each([
  ['insufficient_funds', 'soft'],
  ['processing_error', 'soft'],
  ['try_again_later', 'soft'],
  ['generic_decline', 'soft'],
  ['do_not_honor', 'soft'],
  ['card_velocity_exceeded', 'soft'],
  ['a_code_of_next_year', 'soft'],
  ['expired_card', 'hard'],
  ['lost_card', 'hard'],
  ['stolen_card', 'hard'],
  ['pickup_card', 'hard'],
  ['incorrect_number', 'hard'],
  ['invalid_account', 'hard'],
  ['card_not_supported', 'hard'],
  ['fraudulent', 'hard'],
  ['stop_payment_order', 'hard'],
] as const)('%s is %s', (decline_code, kind) => {
  expect(failureOf({ code: 'card_declined', decline_code })).toEqual({ kind, code: decline_code });
});

test('the general code counts where there is no code of the bank', () => {
  expect(failureOf({ code: 'expired_card' })).toEqual({ kind: 'hard', code: 'expired_card' });
  expect(failureOf({})).toEqual({ kind: 'soft', code: 'unknown' });
});

test('the network advice not to try again makes any refusal hard', () => {
  const decline = { decline_code: 'do_not_honor', advice_code: 'do_not_try_again' };
  expect(failureOf(decline)).toEqual({ kind: 'hard', code: 'do_not_honor' });
});

test('authentication is wanted by either code', () => {
  expect(wantsAuthentication({ code: 'authentication_required' })).toBe(true);
  expect(wantsAuthentication({ decline_code: 'authentication_required' })).toBe(true);
  expect(wantsAuthentication({ code: 'card_declined' })).toBe(false);
});
