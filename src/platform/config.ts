import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type Issue, StewardError } from './errors.ts';
import { nearest } from './nearest.ts';
import { wordIssues } from './zod-words.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.some((name) => text.startsWith(`${name}//`)),
      `expected a URL that starts with ${protocols.map((name) => `${name}//`).join(' or ')}`,
    );
const postgresUrl = url('postgres:', 'postgresql:');
const httpUrl = url('http:', 'https:');
// Not a coerced number: that would take blanks for 0, and 0x10 and 1e3 for ports.
const port = z
  .string()
  .refine(
    (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535,
    'expected a port from 0 to 65535',
  )
  .transform(Number);
const timeZone = z
  .string()
  .refine(isTimeZone, 'expected an IANA time zone such as Europe/Berlin or UTC');
const mailAddress = z.email('expected a mail address such as anna@example.org');
const currency = z.string().refine(isCurrency, 'expected an ISO 4217 code such as USD');
const webhookSecrets = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine(
    (list) => list.length <= 2 && list.every((one) => one.startsWith('whsec_')),
    'expected one signing secret of Stripe (whsec_…), or two by comma while they are rotated',
  );
const proxies = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .transform((list) => list.filter((one) => one !== ''))
  .refine(
    (list) => list.every(isNetwork),
    'expected addresses or networks by comma, such as 10.0.0.0/8, ::1',
  );

/** One line for each variable that steward reads; `steward doctor` prints the descriptions. */
const variables = z.object({
  STEWARD_HOME: z.string().default('.steward').describe('folder of all embedded data'),
  STEWARD_TZ: timeZone.default('UTC').describe('business time zone: weeks and months end in it'),
  STEWARD_CURRENCY: currency.default('USD').describe('the one currency of this deployment'),
  STEWARD_RULES: z
    .string()
    .optional()
    .describe('file with business rules, default <home>/rules.json'),
  STEWARD_PROFILE: z
    .string()
    .optional()
    .describe("a manager's profile in the user's config folder"),
  DATABASE_URL: postgresUrl.optional().describe('main database; embedded PostgreSQL without it'),
  PAYMENTS_DATABASE_URL: postgresUrl.optional().describe('payments database'),
  STREAM_DATABASE_URL: postgresUrl.optional().describe('replica to read the order stream from'),
  REDIS_URL: url('redis:', 'rediss:').optional().describe('queues on Redis, not in PostgreSQL'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on'),
  PORT: port.prefault('3000').describe('port of the HTTP API'),
  PAYMENTS_PORT: port.prefault('3001').describe('port of the payments part'),
  TRUSTED_PROXIES: proxies.prefault('').describe('CIDR list of proxies whose headers count'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('least severe log line written'),
  SENDGRID_API_KEY: z.string().min(1).optional().describe('mail by SendGrid, not into files'),
  SENDGRID_API_BASE: httpUrl
    .default('https://api.sendgrid.com')
    .describe('SendGrid or an emulator'),
  MAIL_FROM: mailAddress.default('steward@example.org').describe('sender of all mail'),
  MAIL_FINANCE: mailAddress.default('finance@example.org').describe('alerts about money go there'),
  MAIL_SUPPLIES: mailAddress.default('supplies@example.org').describe('pick lists go there'),
  PHOTOS_S3_BUCKET: z.string().min(1).optional().describe('photos in S3, not in files'),
  PHOTOS_S3_REGION: z.string().default('us-east-1').describe('region of the bucket'),
  PHOTOS_S3_ENDPOINT: httpUrl.optional().describe('S3 store other than Amazon’s'),
  PHOTOS_S3_ACCESS_KEY_ID: z.string().optional().describe('S3 access key'),
  PHOTOS_S3_SECRET_ACCESS_KEY: z.string().optional().describe('S3 secret'),
  COOKIE_CONTRACTOR_URL: httpUrl.optional().describe('API of the cookie contractor'),
  COOKIE_CONTRACTOR_TOKEN: z.string().min(1).optional().describe('bearer token for it'),
  OIDC_ISSUER: httpUrl.optional().describe('tokens from this issuer, not from our own key'),
  OIDC_AUDIENCE: z.string().min(1).optional().describe('audience that the tokens must name'),
  PAYMENTS_PUBLIC_URL: httpUrl
    .optional()
    .describe('where customers reach the payments routes: for links in mails'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^[rs]k_\S+$/, 'expected a secret or restricted key of Stripe: sk_… or rk_…')
    .optional()
    .describe('payments by Stripe, not the sandbox'),
  STRIPE_WEBHOOK_SECRET: webhookSecrets.optional().describe('one or two signing secrets, by comma'),
  STRIPE_API_BASE: httpUrl.optional().describe('an emulator of Stripe'),
});

/** Names outside `STEWARD_*` that a typo of ours would resemble are checked by these prefixes. */
const OWN_PREFIX = 'STEWARD_';

/** Everything that steward is told from outside, checked. */
export type Config = ReturnType<typeof shape>;

/** What the variables are for, in the order of the documentation; `fallback` holds without one. */
export function describeVariables(): { name: string; description: string; fallback?: string }[] {
  return Object.entries(variables.shape).map(([name, schema]) => ({
    name,
    description: schema.description ?? '',
    fallback:
      schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
        ? String(schema.def.defaultValue) || undefined
        : undefined,
  }));
}

/** This process's own environment: the only place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads and checks the environment and the rules file.
 * @param cwd folder that relative paths start from
 * @throws StewardError `invalid_configuration` with all faults together
 */
export function loadConfig(environment: Environment = processEnvironment(), cwd = process.cwd()) {
  const issues: Issue[] = unknownNames(environment);
  // An empty variable means "not set": that is how compose files and shells clear one.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const words = { key: 'a variable', whole: 'the environment' };
    issues.push(...wordIssues(parsed.error, given, variables, words));
  }
  issues.push(...pairFaults(given));
  if (given.STEWARD_PROFILE !== undefined) {
    // Passing over it would work with other rights than the ones that were asked for.
    issues.push({
      path: 'STEWARD_PROFILE',
      message: 'this version has no profiles of managers yet; name the database by DATABASE_URL',
    });
  }
  const home = resolve(cwd, given.STEWARD_HOME ?? '.steward');
  const rules = readRules(home, given.STEWARD_RULES, cwd, issues);
  if (!parsed.success || issues.length > 0) {
    const list = issues.map((issue) => `  ${issue.path}: ${issue.message}`).join('\n');
    throw new StewardError(
      'invalid',
      'invalid_configuration',
      `The configuration has faults:\n${list}`,
      {
        issues,
      },
    );
  }
  return shape(parsed.data, home, rules);
}

function shape(env: z.infer<typeof variables>, home: string, rules: RulesFile) {
  return {
    home,
    timeZone: env.STEWARD_TZ,
    currency: env.STEWARD_CURRENCY,
    logLevel: env.LOG_LEVEL,
    databaseUrl: env.DATABASE_URL,
    paymentsDatabaseUrl: env.PAYMENTS_DATABASE_URL,
    streamDatabaseUrl: env.STREAM_DATABASE_URL,
    redisUrl: env.REDIS_URL,
    http: {
      host: env.HOST,
      port: env.PORT,
      paymentsPort: env.PAYMENTS_PORT,
      trustedProxies: env.TRUSTED_PROXIES,
    },
    mail: {
      from: env.MAIL_FROM,
      suppliesTo: env.MAIL_SUPPLIES,
      financeTo: env.MAIL_FINANCE,
      transport: env.SENDGRID_API_KEY
        ? {
            kind: 'sendgrid' as const,
            apiKey: env.SENDGRID_API_KEY,
            apiBase: env.SENDGRID_API_BASE,
          }
        : { kind: 'files' as const, folder: resolve(home, 'mail') },
    },
    photos: env.PHOTOS_S3_BUCKET
      ? {
          kind: 's3' as const,
          bucket: env.PHOTOS_S3_BUCKET,
          region: env.PHOTOS_S3_REGION,
          endpoint: env.PHOTOS_S3_ENDPOINT,
          accessKeyId: env.PHOTOS_S3_ACCESS_KEY_ID ?? '',
          secretAccessKey: env.PHOTOS_S3_SECRET_ACCESS_KEY ?? '',
        }
      : { kind: 'files' as const, folder: resolve(home, 'photos') },
    cookieContractor: env.COOKIE_CONTRACTOR_URL
      ? {
          kind: 'http' as const,
          url: env.COOKIE_CONTRACTOR_URL,
          token: env.COOKIE_CONTRACTOR_TOKEN ?? '',
        }
      : { kind: 'sandbox' as const },
    tokens:
      env.OIDC_ISSUER && env.OIDC_AUDIENCE
        ? { kind: 'oidc' as const, issuer: env.OIDC_ISSUER, audience: env.OIDC_AUDIENCE }
        : { kind: 'local' as const, keyFile: resolve(home, 'tokens.key.json') },
    payments: {
      publicUrl: env.PAYMENTS_PUBLIC_URL?.replace(/\/+$/, ''),
      provider: env.STRIPE_SECRET_KEY
        ? {
            kind: 'stripe' as const,
            secretKey: env.STRIPE_SECRET_KEY,
            webhookSecrets: env.STRIPE_WEBHOOK_SECRET ?? [],
            apiBase: env.STRIPE_API_BASE,
          }
        : { kind: 'sandbox' as const },
    },
    rules,
  };
}

/** The raw sections of the rules file; each context checks its own section. */
export interface RulesFile {
  /** Path of the file, or undefined where there is none and all defaults hold. */
  path: string | undefined;
  sections: Readonly<Record<string, unknown>>;
}

function readRules(
  home: string,
  named: string | undefined,
  cwd: string,
  issues: Issue[],
): RulesFile {
  const path = named ? resolve(cwd, named) : resolve(home, 'rules.json');
  if (!named && !existsSync(path)) return { path: undefined, sections: {} };
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const sections = z.record(z.string(), z.unknown()).safeParse(value);
    if (sections.success) return { path, sections: sections.data };
    issues.push({ path, message: 'expected a JSON object with sections such as "orders"' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    issues.push({ path: named ? 'STEWARD_RULES' : path, message: `cannot be read: ${reason}` });
  }
  return { path, sections: {} };
}

function unknownNames(environment: Environment): Issue[] {
  const known = Object.keys(variables.shape);
  return Object.keys(environment)
    .filter((name) => name.startsWith(OWN_PREFIX) && !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      return {
        path: name,
        message: `there is no such variable${near ? `; did you mean ${near}?` : ''}`,
      };
    });
}

/** Variables that make sense only together. */
function pairFaults(env: Environment): Issue[] {
  const alone: [keyof typeof variables.shape, keyof typeof variables.shape][] = [
    ['STRIPE_WEBHOOK_SECRET', 'STRIPE_SECRET_KEY'],
    ['STRIPE_API_BASE', 'STRIPE_SECRET_KEY'],
  ];
  const groups: (keyof typeof variables.shape)[][] = [
    ['OIDC_ISSUER', 'OIDC_AUDIENCE'],
    ['COOKIE_CONTRACTOR_URL', 'COOKIE_CONTRACTOR_TOKEN'],
    ['PHOTOS_S3_BUCKET', 'PHOTOS_S3_ACCESS_KEY_ID', 'PHOTOS_S3_SECRET_ACCESS_KEY'],
  ];
  const lonely = alone
    .filter(([name, needed]) => env[name] !== undefined && env[needed] === undefined)
    .map(([name, path]) => ({ path, message: `is needed where ${name} is set` }));
  const same = env.DATABASE_URL !== undefined && env.DATABASE_URL === env.PAYMENTS_DATABASE_URL;
  const shared = same
    ? [
        {
          path: 'PAYMENTS_DATABASE_URL',
          message: 'is the same as DATABASE_URL: payments have a database of their own',
        },
      ]
    : [];
  const pairs = groups.flatMap((names) => {
    const present = names.find((name) => env[name] !== undefined);
    return present === undefined
      ? []
      : names
          .filter((name) => env[name] === undefined)
          .map((path) => ({ path, message: `is needed where ${present} is set` }));
  });
  return [...lonely, ...shared, ...pairs];
}

function isCurrency(code: string): boolean {
  return Intl.supportedValuesOf('currency').includes(code);
}

/** An address or a CIDR block. One that covers everything would trust everybody: refused. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return (
    /^\d{1,3}$/.test(prefix) && Number(prefix) > 0 && Number(prefix) <= (version === 4 ? 32 : 128)
  );
}

function isTimeZone(name: string): boolean {
  // The first format of a process takes milliseconds.
  if (name === 'UTC') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
