import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellKind } from './cell.ts';
import { cellText, cleanText, hasVisible, plainNumber } from './cell.ts';
import { code, date, integer, text, yesNo } from './cell-kinds.ts';
import { list, quantities } from './list-cells.ts';
import { money } from './money-cell.ts';
import type { CellValue } from './rows.ts';

/** The value, or "expected …" with the suggestion. */
function read<Value>(kind: CellKind<Value>, raw: CellValue, padTo?: number): unknown {
  const reading = kind.read({ address: 'A1', raw, text: cellText(raw, padTo) });
  if (reading.ok) return reading.value;
  const hint = reading.suggestion === undefined ? '' : ` → ${reading.suggestion}`;
  return `expected ${reading.expected}${hint}`;
}

const at = (iso: string) => new Date(`${iso}Z`);

describe('text of cells', () => {
  it('cleans what nobody sees', () => {
    expect(cleanText('\u00a0Cloth\u2009pack\u200b \r\n')).toBe('Cloth pack');
    expect(cleanText('и\u0306од')).toBe('йод');
  });

  it('sees something exactly where cleaning leaves something', () => {
    const unit = fc.constantFrom('a', 'Я', ' ', '\u00a0', '\u200b', '\n', '\ufeff', '\u3000', '-');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), (value) => {
        expect(hasVisible(value)).toBe(cleanText(value) !== '');
      }),
    );
  });

  it('writes numbers as Excel shows them', () => {
    expect(plainNumber(69.900_000_000_000_01)).toBe('69.9');
    expect(plainNumber(0.1 + 0.2)).toBe('0.3');
    expect(plainNumber(1e21)).toBe('1000000000000000000000');
    expect(plainNumber(1.5e-7)).toBe('0.00000015');
    expect(plainNumber(-0)).toBe('0');
  });
});

describe('text', () => {
  it('keeps the digits of numbers and the zeros that the format shows', () => {
    expect(read(text(), 8_900_666)).toBe('8900666');
    expect(read(text(), 42, 5)).toBe('00042');
  });

  it('refuses what Excel has spoilt', () => {
    expect(read(text(), at('2026-03-01T00:00'))).toContain('Excel has made a date of it');
    expect(read(text(), 12_345_678_901_234_568)).toContain('Excel keeps 15 digits');
  });

  it('joins lines unless they are wanted', () => {
    expect(read(text(), 'one\r\n two')).toBe('one two');
    expect(read(text({ multiline: true }), 'one\r\ntwo')).toBe('one\ntwo');
    expect(read(text({ maxChars: 3 }), 'four')).toBe('expected at most 3 characters');
  });
});

describe('code', () => {
  const kind = code({ pattern: /^[A-Z0-9-]{1,40}$/, expected: 'a code' });

  it('makes letters capital', () => {
    expect(read(kind, ' clean-std ')).toBe('CLEAN-STD');
    expect(read(kind, 1_203)).toBe('1203');
  });

  it('finds Cyrillic letters that look Latin, and says what was meant', () => {
    expect(read(kind, 'СLEAN-STD')).toBe(
      'expected a code (the letter "С" is Cyrillic) → CLEAN-STD',
    );
    expect(read(kind, 'clean std')).toBe('expected a code → CLEAN-STD');
    expect(read(kind, 'чистка')).toBe('expected a code');
  });
});

describe('integer', () => {
  const kind = integer({ min: 1, max: 1_440 });
  const expected = 'expected a whole number from 1 to 1440';

  it.each([
    [120, 120],
    ['120', 120],
    ['1 200', 1_200],
    ['1\u00a0200', 1_200],
    ['120,0', 120],
    ['120.', 120],
    ['+5', 5],
  ])('reads %j', (raw, value) => {
    expect(read(kind, raw)).toBe(value);
  });

  it.each([0, 1_441, 1.5, '1.5', '-3', 'two', '1 20', true, at('2026-01-01T00:00'), 1e300])(
    'refuses %j',
    (raw) => {
      expect(read(kind, raw)).toBe(expected);
    },
  );

  it('suggests the number that stands before a unit', () => {
    expect(read(kind, '90 min')).toBe(`${expected} → 90`);
    expect(read(kind, '9000 min')).toBe(expected);
  });

  it('reads back every number that it writes', () => {
    const any = integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (value) => {
        expect(read(any, any.write(value))).toBe(value);
        expect(read(any, value)).toBe(value);
      }),
    );
  });
});

describe('yes or no', () => {
  it('reads English, Russian and what Excel stores', () => {
    for (const yes of ['yes', 'Да', 'TRUE', 'истина', 'x', 'Х', '+', 1, true, '✓']) {
      expect(read(yesNo(), yes), String(yes)).toBe(true);
    }
    for (const no of ['no', 'НЕТ', 'false', 'ложь', 0, false]) {
      expect(read(yesNo(), no), String(no)).toBe(false);
    }
    expect(read(yesNo(), 'maybe')).toBe('expected yes or no (да or нет)');
  });
});

describe('date', () => {
  const expected = 'expected a date such as 2026-09-30 or 30.09.2026';

  it.each([
    [at('2026-09-30T00:00'), '2026-09-30'],
    ['30.09.2026', '2026-09-30'],
    ['1.2.1990', '1990-02-01'],
    ['1990-2-1', '1990-02-01'],
    ['29.02.2024', '2024-02-29'],
  ])('reads %j', (raw, value) => {
    expect(read(date(), raw)).toBe(value);
  });

  it.each([
    '31.02.2026',
    '29.02.2023',
    '2026-13-01',
    '30.09.26',
    'soon',
    46_320,
    true,
    '00.01.2020',
  ])('refuses %j', (raw) => {
    expect(read(date(), raw)).toBe(expected);
  });

  it('asks when slashes can be read in two ways', () => {
    expect(read(date(), '03/04/2026')).toContain('it could be 2026-04-03 or 2026-03-04');
    expect(read(date(), '30/09/2026')).toBe(`${expected} → 2026-09-30`);
  });

  it('refuses a time of day unless it may be dropped', () => {
    expect(read(date(), at('2026-09-30T17:27'))).toBe(`${expected}, without a time → 2026-09-30`);
    expect(read(date({ dropTime: true }), at('2026-09-30T17:27'))).toBe('2026-09-30');
    expect(read(date({ dropTime: true }), '2026-09-30 17:27')).toBe('2026-09-30');
  });

  it('reads back every day, written in either way', () => {
    const days = fc.date({
      min: at('1900-01-01T00:00'),
      max: at('9999-12-31T00:00'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(days, (value) => {
        const iso = value.toISOString().slice(0, 10);
        const [year, month, day] = iso.split('-');
        expect(read(date(), iso)).toBe(iso);
        expect(read(date(), `${day}.${month}.${year}`)).toBe(iso);
        expect(read(date(), at(`${iso}T00:00`))).toBe(iso);
      }),
    );
  });
});

describe('money', () => {
  const usd = money({ currency: 'USD' });
  const expected =
    'expected an amount in USD with at most 2 digits after the point, such as 1234.50';

  it.each([
    [89, 8_900n],
    [75.5, 7_550n],
    [1_234.56, 123_456n],
    [69.900_000_000_000_01, 6_990n],
    ['89', 8_900n],
    ['75,5', 7_550n],
    ['75.50', 7_550n],
    ['$89', 8_900n],
    ['89 USD', 8_900n],
    ['usd 89.10', 8_910n],
    ['1 234,50', 123_450n],
    ['1\u00a0234,50 $', 123_450n],
    ['1,234.50', 123_450n],
    ['1.234,50', 123_450n],
    ["1'234.50", 123_450n],
    ['1,234,567', 123_456_700n],
    ['1.234.567,8', 123_456_780n],
    ['1 234', 123_400n],
    ['-$5', -500n],
    ['$-5', -500n],
    ['0', 0n],
  ])('reads %j', (raw, value) => {
    expect(read(usd, raw)).toBe(value);
  });

  it.each([
    75.555,
    '0.555',
    '75.5555',
    '1,23,4',
    '89 EUR',
    '€89',
    '$89 USD',
    'free',
    '12 34',
    '1,234,56.7',
    '1.234.56',
    '--5',
    '-$-5',
    '.5',
    true,
    at('2026-01-01T00:00'),
    1e20,
    '5%',
    '(5)',
    '1e3',
  ])('refuses %j', (raw) => {
    expect(read(usd, raw)).toBe(expected);
  });

  it.each(['1,234', '75.555', '$1.234'])('asks when %j can be read in two ways', (raw) => {
    expect(read(usd, raw)).toContain('can be read in two ways');
  });

  it('follows the number of digits of the currency', () => {
    expect(read(money({ currency: 'JPY' }), '1 234 ¥')).toBe(1_234n);
    expect(read(money({ currency: 'JPY' }), '12.5')).toContain('without digits after the point');
    expect(read(money({ currency: 'KWD' }), '1.234')).toBe(1_234n);
    expect(read(money({ currency: 'RUB' }), '1 234,50 руб.')).toBe(123_450n);
    expect(read(money({ currency: 'EUR' }), '1.234,50 €')).toBe(123_450n);
  });

  it('keeps to its limits', () => {
    const positive = money({ currency: 'USD', minMinor: 1n });
    expect(read(positive, 0)).toBe('expected an amount of at least 0.01 USD');
    expect(read(usd, '1 000 000 000 000.01')).toBe(
      'expected an amount of at most 1000000000000.00 USD',
    );
  });

  it('reads back every amount that it writes, and every number exactly', () => {
    const currencies = fc.constantFrom('USD', 'JPY', 'KWD', 'RUB', 'EUR');
    const amounts = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
    fc.assert(
      fc.property(currencies, amounts, (currency, minor) => {
        const kind = money({ currency });
        expect(read(kind, kind.write(minor))).toBe(minor);
        expect(read(kind, `${kind.write(minor)} ${currency}`)).toBe(minor);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), (minor) => {
        expect(read(usd, Number(minor) / 100)).toBe(minor);
      }),
    );
  });

  it('reads thousands signs of every country the same', () => {
    const signs = fc.constantFrom([' ', ','], [' ', '.'], [',', '.'], ['.', ','], ["'", '.']);
    fc.assert(
      fc.property(signs, fc.bigInt({ min: 0n, max: 10n ** 11n }), ([group, decimal], minor) => {
        const [whole = '', fraction] = usd.write(minor).split('.');
        const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group ?? '');
        expect(read(usd, `${grouped}${decimal}${fraction}`)).toBe(minor);
      }),
    );
  });
});

describe('list', () => {
  const skills = list({
    item: (typed) => (/^[a-zа-я ]{1,20}$/i.test(typed) ? typed.toLowerCase() : null),
    itemExpected: 'a word',
  });

  it('separates by semicolons and line breaks, and passes over empty items', () => {
    expect(read(skills, 'Cleaning;  heavy ;; уборка\nheights;')).toEqual([
      'cleaning',
      'heavy',
      'уборка',
      'heights',
    ]);
  });

  it('refuses an item given twice and suggests the list without it', () => {
    expect(read(skills, 'heavy; Heavy; it')).toBe(
      'expected each item once; "heavy" stands there twice → heavy; it',
    );
  });

  it('takes commas for a mistake', () => {
    expect(read(skills, 'cleaning, heavy')).toBe(
      'expected a list such as "one; two", each item a word; "cleaning, heavy" is none → cleaning; heavy',
    );
    expect(read(skills, ';')).toContain('expected a list');
  });

  it('reads back every list that it writes', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-zа-я]{1,20}$/), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(words, (value) => {
        expect(read(skills, skills.write(value))).toEqual(value);
      }),
    );
  });
});

describe('quantities', () => {
  const kind = quantities();

  it.each([
    ['Cloth pack x2; Glass cleaner x1', ['Cloth pack', 2], ['Glass cleaner', 1]],
    ['Cloth pack х2', ['Cloth pack', 2]],
    ['Cloth pack Х 2', ['Cloth pack', 2]],
    ['Cloth pack×2', ['Cloth pack', 2]],
    ['Cloth pack * 2', ['Cloth pack', 2]],
    ['2 x Cloth pack', ['Cloth pack', 2]],
    ['10x Towel', ['Towel', 10]],
    ['Ethernet cable 5 m x1', ['Ethernet cable 5 m', 1]],
    ['4x4 tyre x2', ['4x4 tyre', 2]],
    ['Box', ['Box', 1]],
    ['Box x20;', ['Box', 20]],
  ] as const)('reads %j', (raw, ...items) => {
    expect(read(kind, raw)).toEqual(items.map(([item, quantity]) => ({ item, quantity })));
  });

  it.each(['Box x0', 'Box x1000', 'Box x-1', 'Box x2.5', 'Box x', ';', true])(
    'refuses %j',
    (raw) => {
      expect(read(kind, raw)).toContain('expected items with quantities from 1 to 999');
    },
  );

  it('refuses the same item twice and suggests the sum', () => {
    expect(read(kind, 'Towel x1; Box x1; towel x2')).toBe(
      'expected each item once; "towel" stands there twice → Towel x3; Box x1',
    );
  });

  it('reads back every list that it writes', () => {
    const item = fc.stringMatching(/^[A-Za-zА-я][A-Za-zА-я0-9 ,.()-]{0,30}[A-Za-zА-я0-9)]$/);
    const value = fc.uniqueArray(
      fc.record({
        item: item.map((name) => name.replace(/ +/g, ' ')).filter((name) => !/ [xхXХ]$/.test(name)),
        quantity: fc.integer({ min: 1, max: 999 }),
      }),
      { minLength: 1, maxLength: 10, selector: (one) => one.item.toLowerCase() },
    );
    fc.assert(
      fc.property(value, (items) => {
        expect(read(kind, kind.write(items))).toEqual(items);
      }),
    );
  });
});
