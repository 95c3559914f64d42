import type { Config } from '../../platform/config.ts';
import type { MigrationStatus } from '../../platform/postgres/migrations.ts';
import type { MainServer } from '../main-server.ts';
import { type Finding, fail, look, ok, warn } from './finding.ts';

const OLDEST_VERSION = 150_000;
/** One API and one worker with the default pools, and a few commands. */
const ENOUGH_CONNECTIONS = 40;

/** Server, settings and roles. */
export function checkServer({ url, embedded }: MainServer): Promise<Finding[]> {
  const remedy = 'Start PostgreSQL, or correct DATABASE_URL.';
  return look('PostgreSQL', remedy, async () => {
    const { inspectServer } = await import('../../platform/postgres/inspect-server.ts');
    const facts = await inspectServer(url);
    const where = embedded ? 'embedded' : new URL(url).host;
    const detail = `${facts.version}, ${where}, database ${facts.database}, as ${facts.user}`;
    return [
      facts.versionNumber < OLDEST_VERSION
        ? fail('PostgreSQL', detail, 'Upgrade to PostgreSQL 15 or newer.')
        : ok('PostgreSQL', detail),
      facts.durable
        ? ok('durability', 'fsync and synchronous_commit are on')
        : fail(
            'durability',
            'fsync or synchronous_commit is off',
            'Turn both on: acknowledged orders can be lost with the power.',
          ),
      facts.maxConnections < ENOUGH_CONNECTIONS
        ? warn(
            'connections',
            `${facts.connections} of ${facts.maxConnections} are open`,
            `Raise max_connections to ${ENOUGH_CONNECTIONS} or more, or lower "server" in the rules.`,
          )
        : ok('connections', `${facts.connections} of ${facts.maxConnections} are open`),
      facts.missingRoles.length > 0
        ? fail('roles', `missing: ${facts.missingRoles.join(', ')}`, 'Run "steward db migrate".')
        : ok('roles', 'all service and group roles are there'),
    ];
  });
}

/** @param ask what the database has; `what` names it in the finding */
export function checkMigrations(
  ask: () => Promise<MigrationStatus[]>,
  what = 'migrations',
): Promise<Finding[]> {
  return look(what, 'Run "steward db status".', async () => {
    const status = await ask();
    const wrong = status.filter((one) => one.state !== 'applied');
    if (wrong.length === 0) return ok(what, `all ${status.length} are applied`);
    const list = wrong.map((one) => `${one.context}/${one.id} ${one.state}`).join(', ');
    const newer = wrong.some((one) => one.state === 'unknown');
    const changed = wrong.some((one) => one.state === 'changed');
    const remedy = newer
      ? 'Upgrade steward.'
      : changed
        ? 'An applied migration is never edited: restore its text.'
        : 'Run "steward db migrate".';
    return fail(what, list, remedy);
  });
}

/** Where the configuration says that things are, for what is not asked. */
export function checkOutside(config: Config): Finding[] {
  const { mail, cookieContractor, payments } = config;
  return [
    mail.transport.kind === 'files'
      ? ok('mail transport', `files in ${mail.transport.folder}`)
      : ok('mail transport', `SendGrid at ${mail.transport.apiBase}, from ${mail.from}; not asked`),
    cookieContractor.kind === 'sandbox'
      ? ok('cookies', 'sandbox contractor')
      : ok('cookies', `contractor at ${new URL(cookieContractor.url).origin}; not asked`),
    payments.provider.kind === 'sandbox'
      ? ok('provider', 'sandbox: no money moves')
      : checkStripe(payments.provider),
  ];
}

/** As configured; asking Stripe is left to who moves money. */
function checkStripe(stripe: { secretKey: string; webhookSecrets: readonly string[] }): Finding {
  const mode = /^[rs]k_live_/.test(stripe.secretKey) ? 'live' : 'test';
  const secrets = stripe.webhookSecrets.length;
  const detail = `Stripe, ${mode} key, ${secrets} webhook secrets; not asked`;
  if (secrets > 0) return ok('provider', detail);
  return warn(
    'provider',
    detail,
    'Set STRIPE_WEBHOOK_SECRET: without it webhooks are refused, and news comes by polling only.',
  );
}
