import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isIban, normalIban } from './iban.ts';

/** Examples of the registry of IBANs. */
const GOOD = [
  'GB29 NWBK 6016 1331 9268 19',
  'DE89370400440532013000',
  'LV80 BANK 0000 4351 9500 1',
];

test('IBANs are taken as people write them', () => {
  for (const typed of GOOD) expect(isIban(normalIban(typed)), typed).toBe(true);
  expect(normalIban(' lv80 bank-0000 4351 9500 1')).toBe('LV80BANK0000435195001');
  for (const bad of ['', 'DE89', 'DE89 3704 0044 0532 0130 01', '89DE370400440532013000']) {
    expect(isIban(normalIban(bad)), bad).toBe(false);
  }
});

test('one wrong sign, or two neighbours swapped, never pass', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...GOOD.map(normalIban)),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      (iban, place, by) => {
        const at = 2 + (place % (iban.length - 2));
        const signs = Array.from(iban);
        const sign = signs[at] ?? '';
        if (/\d/.test(sign)) signs[at] = String((Number(sign) + by) % 10);
        else signs[at] = String.fromCharCode(65 + ((sign.charCodeAt(0) - 65 + by) % 26));
        expect(isIban(signs.join(''))).toBe(false);
        const [one = '', other = ''] = [iban[at], iban[at + 1]];
        if (at + 1 === iban.length || one === other || at === 3) return;
        const swapped = iban.slice(0, at) + other + one + iban.slice(at + 2);
        expect(isIban(swapped)).toBe(false);
      },
    ),
  );
});
