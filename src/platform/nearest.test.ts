import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['orders', 'stream', 'services', 'STEWARD_HOME', 'STEWARD_TZ'];

test.each([
  ['order', 'orders'],
  ['oders', 'orders'],
  ['ORDERS', 'orders'],
  ['servcies', 'services'],
  ['STEWARD_HOEM', 'STEWARD_HOME'],
  ['steward_t', 'STEWARD_TZ'],
])('%s was probably meant as %s', (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant);
});

test('nothing is proposed for a word that is like none', () => {
  expect(nearest('payments', KNOWN)).toBeUndefined();
  expect(nearest('', KNOWN)).toBeUndefined();
  expect(nearest('orders', [])).toBeUndefined();
});

test('a known word is nearest to itself, and one letter too many does not matter', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...KNOWN),
      fc.nat(20),
      fc.constantFrom(...'abcxyz'),
      (word, at, letter) => {
        expect(nearest(word, KNOWN)).toBe(word);
        expect(nearest(word.slice(0, at) + letter + word.slice(at), KNOWN)).toBe(word);
      },
    ),
  );
});
