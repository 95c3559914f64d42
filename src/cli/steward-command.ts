import { styleText } from 'node:util';
import { Command, type Config as OclifConfig } from '@oclif/core';
import type { App } from '../app.ts';
import type { PaymentsApp } from '../payments-app.ts';
import { formatMoment } from '../platform/business-time.ts';
import type { Config } from '../platform/config.ts';
import { confirm } from './confirm.ts';
import { UsageError } from './error-report.ts';
import type { ExitCode } from './exit-codes.ts';
import { interruption } from './interruption.ts';
import { toJsonText } from './json.ts';
import type { MainServer } from './main-server.ts';
import { collectPages, countRest, shownOf } from './pages.ts';
import { type AnyApp, type PartName, partOf } from './parts.ts';
import { withProgress } from './progress.ts';
import { type Column, renderFields, renderTable, type TableOptions } from './table.ts';
import { wrapText } from './text-width.ts';

type FieldValue = string | number | bigint | null | undefined;
type PageRequest = { limit: number; cursor?: string };

/**
 * What every command of steward has: `--json`, the connection and its end, tables, questions, the
 * next sensible command, exit codes. A command parses, calls once and renders.
 *
 * What `run` returns is printed with `--json`; everything printed by the methods here is for
 * people and is silent then.
 */
export abstract class StewardCommand extends Command {
  static override enableJsonFlag = true;

  /** Runs the command with a configuration that is loaded already: oclif's `run` loads it again. */
  static execute(
    this: new (
      argv: string[],
      config: OclifConfig,
    ) => StewardCommand,
    argv: string[],
    config: OclifConfig,
  ): Promise<unknown> {
    return new this(argv, config)._run();
  }

  /**
   * Opens the contexts, does the work, and closes them whatever happens.
   * @param part with whose rights: the user's own, or the worker's for what the worker does
   */
  protected async withApp<T>(
    work: (app: App) => Promise<T>,
    part: 'cli' | 'worker' = 'cli',
  ): Promise<T> {
    (await import('./schema-compiler.ts')).skipSchemaCompiler();
    const [{ loadConfig }, { createCommandLog }, { openApp }] = await Promise.all([
      import('../platform/config.ts'),
      import('./command-log.ts'),
      import('../app.ts'),
    ]);
    const config = loadConfig();
    const opening = () => openApp(config, part, { log: createCommandLog(config) });
    return closing(await withProgress('Opening the database', opening), work);
  }

  /**
   * The same with payments, which is a program of its own over a database of its own.
   * @param part with whose rights, as above
   */
  protected async withPayments<T>(
    work: (app: PaymentsApp) => Promise<T>,
    part: 'cli' | 'worker' = 'cli',
  ): Promise<T> {
    const [{ loadConfig }, { createCommandLog }, { openPayments }] = await Promise.all([
      import('../platform/config.ts'),
      import('./command-log.ts'),
      import('../payments-app.ts'),
    ]);
    const config = loadConfig();
    const opening = () => openPayments(config, part, { log: createCommandLog(config) });
    return closing(await withProgress('Opening the payments database', opening), work);
  }

  /**
   * Opens both parts, where this deployment has payments, or the one that is asked for.
   * @param only as `--part` says
   */
  protected async withParts<T>(
    only: PartName | undefined,
    work: (apps: readonly AnyApp[]) => Promise<T>,
  ): Promise<T> {
    const [{ loadConfig }, { hasMain, hasPayments }] = await Promise.all([
      import('../platform/config.ts'),
      import('../payments-database.ts'),
    ]);
    if (only === 'payments' || (only === undefined && !hasMain(loadConfig()))) {
      return this.withPayments((app) => work([app]));
    }
    return this.withApp(async (app) => {
      if (only === 'main' || !hasPayments(app.config)) return work([app]);
      return this.withPayments((payments) => work([app, payments]));
    });
  }

  /** Opens the part that this job or consumer belongs to. */
  protected withPartOf<T>(
    name: string,
    work: (app: AnyApp) => Promise<T>,
    rights: 'cli' | 'worker' = 'cli',
  ): Promise<T> {
    return partOf(name) === 'payments'
      ? this.withPayments(work, rights)
      : this.withApp(work, rights);
  }

  /**
   * Reaches the databases of both parts, whatever their schemas, one after another.
   * @param only as `--part` says
   */
  protected async withServers<T>(
    only: PartName | undefined,
    work: (server: MainServer, part: PartName, config: Config) => Promise<T>,
  ): Promise<T[]> {
    const [{ loadConfig }, { openMainServer, openPaymentsServer }] = await Promise.all([
      import('../platform/config.ts'),
      import('./main-server.ts'),
    ]);
    const config = loadConfig();
    const { hasMain } = await import('../payments-database.ts');
    const doors = { main: openMainServer, payments: openPaymentsServer };
    const results: T[] = [];
    for (const part of ['main', 'payments'] as const) {
      if (only === undefined ? part === 'main' && !hasMain(config) : only !== part) continue;
      const server = await withProgress('Opening the database', () => doors[part](config));
      if (server) results.push(await closing(server, (opened) => work(opened, part, config)));
    }
    return results;
  }

  /** Lines on stdout, for people. */
  protected print(...lines: string[]): void {
    if (!this.jsonEnabled()) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Columns of the terminal; undefined where the output is piped: then nothing is broken. */
  protected width(): number | undefined {
    return this.look().width;
  }

  /** Sentences on stdout, wrapped at words where a terminal shows them. */
  protected paragraphs(...texts: string[]): void {
    const { width } = this.look();
    this.print(...texts.flatMap((text) => (width === undefined ? [text] : wrapText(text, width))));
  }

  /** A remark on stderr, where it does not get into a pipe. */
  protected remark(...lines: string[]): void {
    if (!this.jsonEnabled()) process.stderr.write(`${lines.join('\n')}\n`);
  }

  protected table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
    if (!this.jsonEnabled()) this.print(...renderTable(columns, rows, this.look()));
  }

  protected fields(fields: readonly (readonly [string, FieldValue])[]): void {
    if (!this.jsonEnabled()) this.print(...renderFields(fields, this.look()));
  }

  /** Emphasis for a heading, a fault or an aside; plain where colours are unwanted. */
  protected styled(style: 'bold' | 'red' | 'yellow' | 'green' | 'dim', text: string): string {
    return styleText(style, text, { stream: process.stdout });
  }

  /** Writes a moment in the business time zone, with its offset. */
  protected time(app: Pick<App, 'config'>): (moment: Date | string) => string {
    return (moment) => formatMoment(new Date(moment), app.config.timeZone);
  }

  /** What is sensible to do now; commands without the leading `steward`. */
  protected next(...commands: string[]): void {
    const label = styleText('dim', 'next:', { stream: process.stderr });
    this.remark(...commands.map((command) => `${label} steward ${command}`));
  }

  /** Work that may take longer than a second: says so on stderr meanwhile. */
  protected progress<T>(label: string | (() => string), work: () => Promise<T>): Promise<T> {
    return this.jsonEnabled() && !process.stderr.isTTY ? work() : withProgress(label, work);
  }

  /**
   * Asks before something that cannot be taken back.
   * @param yes the `--yes` flag
   * @throws UsageError where there is nobody to ask
   */
  protected async confirmed(question: string, yes: boolean): Promise<boolean> {
    if (yes) return true;
    if (this.jsonEnabled()) {
      throw new UsageError(
        'confirmation_needed',
        'This asks for a confirmation: add --yes (with --json nobody is asked).',
      );
    }
    if (await confirm(question)) return true;
    this.remark('Nothing was changed.');
    return false;
  }

  /** The exit code of a command that ends normally but is not a plain success. */
  protected end(code: ExitCode): void {
    process.exitCode = code;
  }

  /**
   * One page of a list: a table, "30 of 412", and how to see the rest.
   * @param page `limit` and `cursor` as the user gave them
   */
  protected async list<T>(
    page: PageRequest,
    fetch: (page: PageRequest) => Promise<{ data: T[]; nextCursor: string | null }>,
    look: { noun: string; columns: readonly Column<T>[] },
  ): Promise<{ data: T[]; nextCursor: string | null }> {
    const shown = await this.progress('Reading', () =>
      collectPages(fetch, page.limit, page.cursor),
    );
    if (this.jsonEnabled()) return shown;
    if (shown.data.length > 0) this.table(look.columns, shown.data);
    const rest = await countRest(fetch, shown.nextCursor);
    const total = shown.data.length + rest.count;
    this.remark(shownOf(shown.data.length, total, look.noun, rest.more));
    if (shown.nextCursor !== null) this.next(`${this.typed()} --cursor ${shown.nextCursor}`);
    return shown;
  }

  override logJson(value: unknown): void {
    process.stdout.write(`${toJsonText(value)}\n`);
  }

  /** Errors are reported in one place, `main`. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  /** The command as it was typed, without `--cursor` and this other flag. */
  protected typed(without?: string): string {
    const args = this.argv.filter(
      (arg, index) =>
        arg !== without &&
        arg !== '--cursor' &&
        this.argv[index - 1] !== '--cursor' &&
        !arg.startsWith('--cursor='),
    );
    const quoted = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`));
    return [this.id?.replaceAll(':', ' ') ?? '', ...quoted].join(' ');
  }

  private look(): TableOptions {
    return {
      width: process.stdout.isTTY ? process.stdout.columns : undefined,
      color: this.styled('dim', '.') !== '.',
    };
  }
}

/** Closes what was opened when the work is over, and when it is interrupted. */
async function closing<Opened extends { close(): Promise<void> }, T>(
  opened: Opened,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const forget = interruption.onInterrupt(() => opened.close());
  try {
    return await work(opened);
  } finally {
    forget();
    await opened.close();
  }
}
