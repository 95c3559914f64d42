import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeVariables, loadConfig } from './config.ts';
import { StewardError } from './errors.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'steward-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (environment: Record<string, string>, cwd = folder) => loadConfig(environment, cwd);

/** What is refused, as `variable: fault`. */
function faultsOf(environment: Record<string, string>, cwd?: string): string[] {
  try {
    load(environment, cwd);
  } catch (error) {
    if (!(error instanceof StewardError)) throw error;
    expect(error).toMatchObject({ kind: 'invalid', code: 'invalid_configuration' });
    for (const { path, message } of error.issues) {
      expect(error.message).toContain(`${path}: ${message}`);
    }
    return error.issues.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('with nothing configured', () => {
  test('everything runs embedded, below .steward, on the loopback', () => {
    const config = load({});
    expect(config).toMatchObject({
      home: join(folder, '.steward'),
      timeZone: 'UTC',
      currency: 'USD',
      logLevel: 'info',
      databaseUrl: undefined,
      redisUrl: undefined,
      http: { host: '127.0.0.1', port: 3000, paymentsPort: 3001, trustedProxies: [] },
      mail: { transport: { kind: 'files', folder: join(folder, '.steward/mail') } },
      photos: { kind: 'files', folder: join(folder, '.steward/photos') },
      cookieContractor: { kind: 'sandbox' },
      tokens: { kind: 'local', keyFile: join(folder, '.steward/tokens.key.json') },
      rules: { path: undefined, sections: {} },
    });
  });

  test('an empty variable is one that is not set', () => {
    const empty = Object.fromEntries(describeVariables().map(({ name }) => [name, '']));
    expect(load(empty)).toEqual(load({}));
  });
});

test('every variable that the design names is there, described and with its default', () => {
  const names = `DATABASE_URL PAYMENTS_DATABASE_URL STREAM_DATABASE_URL REDIS_URL STEWARD_HOME
    STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRET STRIPE_API_BASE SENDGRID_API_KEY SENDGRID_API_BASE
    MAIL_FROM PHOTOS_S3_BUCKET COOKIE_CONTRACTOR_URL COOKIE_CONTRACTOR_TOKEN OIDC_ISSUER
    OIDC_AUDIENCE HOST PORT PAYMENTS_PORT STEWARD_TZ STEWARD_CURRENCY STEWARD_PROFILE LOG_LEVEL
    TRUSTED_PROXIES`.split(/\s+/);
  const described = describeVariables();
  expect(described.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  expect(described.filter(({ description }) => description === '')).toEqual([]);
  const fallbacks = Object.fromEntries(described.map((one) => [one.name, one.fallback]));
  expect(fallbacks).toMatchObject({ PORT: '3000', PAYMENTS_PORT: '3001', HOST: '127.0.0.1' });
  expect(fallbacks.DATABASE_URL).toBeUndefined();
});

/** A whole pair, for tests that break one half. */
const OIDC = { OIDC_ISSUER: 'https://login.example.org', OIDC_AUDIENCE: 'steward' };

describe('what is refused', () => {
  test('all faults come together, of whatever kind', () => {
    const faults = faultsOf({
      PORT: 'eighty',
      STEWARD_TZ: 'Mars/Olympus',
      STEWARD_CURENCY: 'EUR',
      STEWARD_RULES: 'missing.json',
      OIDC_ISSUER: 'https://login.example.org',
    });
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      'OIDC_AUDIENCE',
      'PORT',
      'STEWARD_CURENCY',
      'STEWARD_RULES',
      'STEWARD_TZ',
    ]);
  });

  test('an unknown STEWARD_ name, with the nearest known one', () => {
    expect(faultsOf({ STEWARD_CURENCY: 'EUR' })).toEqual([
      'STEWARD_CURENCY: there is no such variable; did you mean STEWARD_CURRENCY?',
    ]);
    expect(faultsOf({ STEWARD_COMPLETELY_ELSE: '1' })).toEqual([
      'STEWARD_COMPLETELY_ELSE: there is no such variable',
    ]);
    expect(faultsOf({ OTHER_PROGRAM: '1' })).toEqual([]);
  });

  test.each([
    ['PORT', ['-1', '65536', '1e3', '0x10', '3000.5', ' ', 'http']],
    ['DATABASE_URL', ['localhost', 'mysql://h/d', 'postgres:h']],
    ['REDIS_URL', ['http://h', '127.0.0.1:6379']],
    ['OIDC_ISSUER', ['login.example.org', 'file:///etc/passwd']],
    ['STEWARD_TZ', ['Berlin', 'Europe/Atlantis']],
    ['STEWARD_CURRENCY', ['usd', 'UDS', 'US', 'dollar']],
    ['LOG_LEVEL', ['verbose', 'INFO']],
    ['MAIL_FROM', ['steward', 'a@b@c']],
    ['TRUSTED_PROXIES', ['true', '10.0.0.0/33', '10.0.0', '0.0.0.0/0', '::/0', '::1/129', '1/2/3']],
  ])('%s that is none', (name, values) => {
    for (const value of values) {
      const faults = faultsOf({ ...OIDC, [name]: value });
      expect(faults, `${name}=${value}`).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    }
  });

  test('half of a pair, either half', () => {
    expect(faultsOf({ OIDC_ISSUER: 'https://login.example.org' })).toEqual([
      'OIDC_AUDIENCE: is needed where OIDC_ISSUER is set',
    ]);
    expect(faultsOf({ OIDC_AUDIENCE: 'steward' })).toEqual([
      'OIDC_ISSUER: is needed where OIDC_AUDIENCE is set',
    ]);
    expect(faultsOf({ COOKIE_CONTRACTOR_URL: 'https://cookies.example.org' })).toHaveLength(1);
    expect(faultsOf({ COOKIE_CONTRACTOR_TOKEN: 'crumb' })).toHaveLength(1);
    expect(faultsOf({ PHOTOS_S3_BUCKET: 'photos' })).toHaveLength(2);
    // Without the bucket the photos would go into files, and nobody would notice.
    expect(faultsOf({ PHOTOS_S3_ACCESS_KEY_ID: 'a', PHOTOS_S3_SECRET_ACCESS_KEY: 'b' })).toEqual([
      'PHOTOS_S3_BUCKET: is needed where PHOTOS_S3_ACCESS_KEY_ID is set',
    ]);
  });

  test('no secret is repeated in what is said', () => {
    const secret = 'hunter2-very-secret';
    const faults = faultsOf({
      DATABASE_URL: `mysql://user:${secret}@h/d`,
      REDIS_URL: `redis//:${secret}@h`,
      COOKIE_CONTRACTOR_TOKEN: secret,
      PHOTOS_S3_SECRET_ACCESS_KEY: secret,
      OIDC_ISSUER: `ftp://${secret}`,
      STEWARD_SECRET: secret,
    });
    expect(faults.length).toBeGreaterThanOrEqual(6);
    expect(faults.join('\n')).not.toContain(secret);
  });
});

describe('what is configured', () => {
  test('proxies are a list', () => {
    const { http } = load({ TRUSTED_PROXIES: ' 10.0.0.0/8, ::1 ,192.0.2.7,', PORT: '0' });
    expect(http).toMatchObject({ trustedProxies: ['10.0.0.0/8', '::1', '192.0.2.7'], port: 0 });
  });

  test('services of others take the place of the built-in ones', () => {
    const config = load({
      SENDGRID_API_KEY: 'SG.x',
      PHOTOS_S3_BUCKET: 'photos',
      PHOTOS_S3_ACCESS_KEY_ID: 'id',
      PHOTOS_S3_SECRET_ACCESS_KEY: 'key',
      COOKIE_CONTRACTOR_URL: 'https://cookies.example.org',
      COOKIE_CONTRACTOR_TOKEN: 'crumb',
      OIDC_ISSUER: 'https://login.example.org',
      OIDC_AUDIENCE: 'steward',
    });
    expect(config.mail.transport).toEqual({
      kind: 'sendgrid',
      apiKey: 'SG.x',
      apiBase: 'https://api.sendgrid.com',
    });
    expect(config.photos).toMatchObject({ kind: 's3', bucket: 'photos', region: 'us-east-1' });
    expect(config.cookieContractor).toMatchObject({ kind: 'http', token: 'crumb' });
    expect(config.tokens).toMatchObject({ kind: 'oidc', audience: 'steward' });
  });

  test('relative paths start from the working folder', () => {
    writeFileSync(join(folder, 'shop-rules.json'), '{"orders": {"nearestTimes": 2}}');
    const config = load({ STEWARD_HOME: 'data/shop', STEWARD_RULES: './shop-rules.json' });
    expect(config.home).toBe(join(folder, 'data/shop'));
    expect(config.rules).toEqual({
      path: join(folder, 'shop-rules.json'),
      sections: { orders: { nearestTimes: 2 } },
    });
    expect(load({ STEWARD_HOME: '/srv/steward' }).home).toBe('/srv/steward');
  });
});

describe('the rules file', () => {
  test('is looked for in the home, and need not be there', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    expect(load({ STEWARD_HOME: home }).rules.path).toBeUndefined();
    writeFileSync(join(home, 'rules.json'), '{"server": {}}');
    expect(load({ STEWARD_HOME: home }).rules).toEqual({
      path: join(home, 'rules.json'),
      sections: { server: {} },
    });
  });

  test('that is named must be there', () => {
    const [fault] = faultsOf({ STEWARD_RULES: 'nowhere.json' });
    expect(fault).toMatch(/^STEWARD_RULES: cannot be read: .*nowhere\.json/);
  });

  test.each(['{"orders": ', '[]', '"orders"', 'null', '', '42'])('is no %j', (text) => {
    const home = mkdtempSync(join(folder, 'home-'));
    writeFileSync(join(home, 'rules.json'), text);
    const faults = faultsOf({ STEWARD_HOME: home });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(join(home, 'rules.json'));
  });

  test('of the home that is meant is checked even where another variable is wrong', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    writeFileSync(join(home, 'rules.json'), '{');
    expect(faultsOf({ STEWARD_HOME: home, PORT: 'x' })).toHaveLength(2);
  });
});
