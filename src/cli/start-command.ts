import { once } from 'node:events';
import { interruption } from './interruption.ts';
import { toJsonLine } from './json.ts';
import type { ServedParts, Serving } from './serve.ts';
import { StewardCommand } from './steward-command.ts';

/** What `start` and its parts have in common. */
export abstract class StartCommand extends StewardCommand {
  /** Serves until SIGINT or SIGTERM, then drains; a second signal ends at once. */
  protected async serveUntilStopped(parts: ServedParts): Promise<undefined> {
    interruption.handleYourself();
    const [{ loadConfig }, { serve }] = await Promise.all([
      import('../platform/config.ts'),
      import('./serve.ts'),
    ]);
    const config = loadConfig();
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

  private async announce({ url, database, app }: Serving, parts: ServedParts): Promise<void> {
    if (this.jsonEnabled()) {
      const started = { event: 'started', url, docs: url && `${url}/docs`, parts };
      process.stdout.write(`${toJsonLine(started)}\n`);
      return;
    }
    const where = database.embedded ? `embedded in ${app.config.home}` : new URL(database.url).host;
    const queue = app.config.redisUrl ? new URL(app.config.redisUrl).host : 'in the database';
    this.print(this.styled('bold', `steward ${this.config.version}`));
    this.fields([
      ['API', url],
      ['reference', url && `${url}/docs`],
      ['jobs', parts.worker ? 'done by this process' : 'left to "steward start worker"'],
      ['database', `PostgreSQL, ${where}`],
      ['queue', queue],
      ['mail', app.config.mail.transport.kind === 'files' ? 'files, see home' : 'SendGrid'],
      ['stop', 'Ctrl-C'],
    ]);
    const { total } = await app.catalog.list({ limit: 1 });
    if (total === 0) this.next('services import samples/services.xlsx --apply');
    if (parts.api) this.next('tokens issue --role customer --sub alice --name "Alice Doe"');
  }
}
