import { once } from 'node:events';
import type { PaymentsApp } from '../payments-app.ts';
import { interruption } from './interruption.ts';
import { toJsonLine } from './json.ts';
import type { ServedParts, Serving } from './serve.ts';
import { StewardCommand } from './steward-command.ts';

/** As in {@link ServedParts}; `null` for payments where the configuration has them. */
type AskedParts = Omit<ServedParts, 'payments'> & { payments: boolean | null };

/** What `start` and its parts have in common. */
export abstract class StartCommand extends StewardCommand {
  /** Serves until SIGINT or SIGTERM, then drains; a second signal ends at once. */
  protected async serveUntilStopped(asked: AskedParts): Promise<undefined> {
    interruption.handleYourself();
    const [{ loadConfig }, { serve }, { hasPayments }] = await Promise.all([
      import('../platform/config.ts'),
      import('./serve.ts'),
      import('../payments-database.ts'),
    ]);
    const config = loadConfig();
    const parts = { ...asked, payments: asked.payments ?? hasPayments(config) };
    const serving = await this.progress('Starting', () =>
      serve(config, parts, this.config.version),
    );
    try {
      await this.announce(serving, parts);
      if (!interruption.signal.aborted) await once(interruption.signal, 'abort');
      this.remark('Stopping: what is under way is finished. Ctrl-C again ends at once.');
    } finally {
      await serving.stop();
    }
    this.remark('Stopped.');
    return undefined;
  }

  private async announce(serving: Serving, parts: ServedParts): Promise<void> {
    const { url, config, app, payments } = serving;
    if (this.jsonEnabled()) {
      const started = { event: 'started', url, docs: url && `${url}/docs`, parts };
      process.stdout.write(`${toJsonLine(started)}\n`);
      return;
    }
    const database = (one: { url: string; embedded: boolean }) =>
      one.embedded ? `PostgreSQL, embedded in ${config.home}` : `PostgreSQL, ${hostOf(one.url)}`;
    this.print(this.styled('bold', `steward ${this.config.version}`));
    this.fields([
      ['API', url],
      ['reference', url && `${url}/docs`],
      ['jobs', parts.worker ? 'done by this process' : app && 'left to "steward start worker"'],
      ['payments', payments ? paymentsText(payments) : paymentsAway(parts)],
      ['database', app && database(app.database)],
      ['payments database', payments && database(payments.database)],
      ['queue', config.redisUrl ? hostOf(config.redisUrl) : 'in the database'],
      ['mail', config.mail.transport.kind === 'files' ? 'files, see home' : 'SendGrid'],
      ['stop', 'Ctrl-C'],
    ]);
    if (app) {
      const { total } = await app.catalog.list({ limit: 1 });
      if (total === 0) this.next('services import samples/services.xlsx --apply');
    }
    if (parts.api) this.next('tokens issue --role customer --sub alice --name "Alice Doe"');
    if (payments) this.next('payments invoices plan');
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function paymentsText({ payments: { provider } }: PaymentsApp): string {
  return provider.movesMoney ? `by ${provider.name}` : 'sandbox: no money moves';
}

function paymentsAway(parts: ServedParts): string | null {
  // Only who serves everything expects them.
  if (!(parts.api && parts.worker)) return null;
  return 'not served: DATABASE_URL is set, PAYMENTS_DATABASE_URL is not';
}
