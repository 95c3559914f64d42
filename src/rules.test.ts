import { describe, expect, test } from 'vitest';
import type { RulesFile } from './platform/config.ts';
import { StewardError } from './platform/errors.ts';
import { parseRules } from './rules.ts';

const parse = (sections: RulesFile['sections']) =>
  parseRules({ path: '/srv/rules.json', sections });

function faultsOf(sections: RulesFile['sections']): StewardError {
  try {
    parse(sections);
  } catch (error) {
    if (error instanceof StewardError) return error;
  }
  throw new Error('The rules were taken.');
}

test('without a file the numbers are those of the business rules', () => {
  const rules = parseRules({ path: undefined, sections: {} });
  expect(rules.orders).toMatchObject({
    //
    nearestTimes: 3,
    //
    noShowAfterMinutes: 30,
    //
    cookies: { lateAfterMinutes: 10 },
  });
  expect(rules.matching.price).toMatchObject({ use: 'catalog-price' });
  expect(rules).toMatchObject({
    http: { requestsPerMinute: expect.any(Number), drainSeconds: expect.any(Number) },
    server: { apiConnections: expect.any(Number), workerConnections: expect.any(Number) },
  });
});

test('a file needs to say only what is different', () => {
  const rules = parse({ orders: { cookies: { giveUpAfterHours: 2 } }, http: { drainSeconds: 5 } });
  expect(rules.orders.cookies).toMatchObject({ giveUpAfterHours: 2, lateAfterMinutes: 10 });
  expect(rules.orders.noShowAfterMinutes).toBe(30);
  expect(rules.http.drainSeconds).toBe(5);
});

test('every number is bounded: nothing silly gets through', () => {
  for (const sections of [
    { orders: { noShowAfterMinutes: 0 } },
    { orders: { noShowAfterMinutes: 30.5 } },
    { orders: { nearestTimes: -1 } },
    { orders: { standingPrior: { stars: 6, ratings: 5 } } },
    { orders: { cookies: { lateAfterMinutes: '10' } } },
    { http: { requestsPerMinute: 0 } },
    { server: { apiConnections: 0 } },
    { orders: null },
  ]) {
    expect(faultsOf(sections).issues, JSON.stringify(sections)).toHaveLength(1);
  }
});

describe('a rule that nobody knows', () => {
  test('is refused with its path, beside all other faults', () => {
    const error = faultsOf({
      order: {},
      orders: { noShowMinutes: 20, nearestTimes: 'three', cookies: { late: 1, later: 2 } },
    });
    expect(error).toMatchObject({ kind: 'invalid', code: 'invalid_rules' });
    expect(error.issues.map((issue) => issue.path).sort()).toEqual([
      'order',
      'orders.cookies.late',
      'orders.cookies.later',
      'orders.nearestTimes',
      'orders.noShowMinutes',
    ]);
    expect(error.message).toContain('/srv/rules.json');
    expect(error.message).toContain('  orders.noShowMinutes is not a rule');
  });

  test('is answered with the one that was probably meant', () => {
    const { issues } = faultsOf({
      ordres: {},
      orders: { noShowAfterMinute: 20, cookies: { lateAfterMinuets: 1 } },
    });
    const messages = Object.fromEntries(issues.map(({ path, message }) => [path, message]));
    expect(messages).toEqual({
      ordres: 'is not a rule; did you mean "orders"?',
      'orders.noShowAfterMinute': 'is not a rule; did you mean "noShowAfterMinutes"?',
      'orders.cookies.lateAfterMinuets': 'is not a rule; did you mean "lateAfterMinutes"?',
    });
  });
});

describe('a rule that is wrong', () => {
  test.each<[RulesFile['sections'], string]>([
    [{ orders: { nearestTimes: 'three' } }, 'orders.nearestTimes expected a number, found a text'],
    [{ http: { drainSeconds: 2.5 } }, 'http.drainSeconds expected a whole number, found 2.5'],
    [{ http: { drainSeconds: 0 } }, 'http.drainSeconds expected at least 1, found 0'],
    [{ http: { drainSeconds: 301 } }, 'http.drainSeconds expected at most 300, found 301'],
    [{ orders: null }, 'orders expected an object, found null'],
    [{ orders: [] }, 'orders expected an object, found a list'],
    [{ orders: { standingPrior: { stars: 4 } } }, 'orders.standingPrior.ratings is missing'],
    [{ matching: { steps: [{}] } }, 'matching.steps.0.use is missing'],
  ])('%j: %s', (sections, line) => {
    const error = faultsOf(sections);
    expect(error.message.split('\n').slice(1)).toEqual([`  ${line}`]);
  });
});
