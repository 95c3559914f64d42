import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { countRest, shownOf } from '../../cli/pages.ts';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { dayFlags } from '../../cli/payments-flags.ts';
import {
  framedRows,
  outlookFields,
  readStatement,
  type StatementOf,
  type StatementPage,
  statementColumns,
  statementName,
  statementOf,
} from '../../cli/payments-statement.ts';
import type { PaymentsApp } from '../../payments-app.ts';

type PageRequest = { limit: number; cursor?: string };

export default class PaymentsStatement extends PaymentsCommand {
  static override summary = 'Show what was charged or credited, with opening, balance and closing.';
  static override description =
    "A customer's (what is owed) or a worker's (what was earned) as that person sees it, or a ledger account's as it was posted. Without days: from the first of the month until today.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> --customer 019ab0c2-0000-7000-8000-000000000007',
    '<%= config.bin %> <%= command.id %> --worker 019ab0c2-0000-7000-8000-000000000001 --from 2026-11-01 --to 2026-11-30 --xlsx worker.xlsx',
    '<%= config.bin %> <%= command.id %> --account provider-clearing --owner sandbox',
  ];
  static override flags = {
    customer: Flags.string({ summary: "This customer's.", helpValue: '<id>' }),
    worker: Flags.string({ summary: "This worker's.", helpValue: '<id>' }),
    account: Flags.string({ summary: 'Of this account.', helpValue: '<code>' }),
    owner: Flags.string({ summary: 'Of the account.', helpValue: '<id>', dependsOn: ['account'] }),
    ...dayFlags,
    xlsx: Flags.string({ summary: 'Write all lines to this file.', helpValue: '<file.xlsx>' }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsStatement);
    const of = statementOf(flags);
    const { from, to, xlsx, limit, cursor } = flags;
    return this.withMoney(async (app) => {
      const names = await this.titleNames(app, of);
      if (xlsx !== undefined) return this.write(app, of, { from, to }, { file: xlsx, names });
      const { currency } = app.config;
      const read = (one: PageRequest) => readStatement(app.payments, of, { from, to }, one);
      const page = await this.progress('Reading', () => read({ limit, cursor }));
      this.print(this.styled('bold', statementName(of, names)), `${page.from} to ${page.to}`, '');
      this.table(statementColumns(currency), framedRows(page, cursor === undefined));
      const outlook = outlookFields(page.statement);
      if (outlook.length > 0) {
        this.print('');
        this.fields(outlook);
      }
      if (!this.jsonEnabled()) await this.showRest(page, read);
      return page.statement;
    });
  }

  /** How many lines there are, and how to see the others or all of them. */
  private async showRest(
    { rows, nextCursor }: StatementPage,
    read: (page: PageRequest) => Promise<StatementPage>,
  ): Promise<void> {
    const lines = async (page: PageRequest) => {
      const next = await read(page);
      return { data: next.rows, nextCursor: next.nextCursor };
    };
    const rest = await countRest(lines, nextCursor);
    this.remark(shownOf(rows.length, rows.length + rest.count, 'line', rest.more));
    if (nextCursor !== null) this.next(`${this.typed()} --cursor ${nextCursor}`);
    this.next(`${this.typed()} --xlsx statement.xlsx`);
  }

  /** Somebody whom nobody knows has no statement, rather than an empty one. */
  private async titleNames(app: PaymentsApp, of: StatementOf): Promise<Map<string, string>> {
    if (of.kind === 'account') return this.names(app, []);
    const { id, name } = await app.payments.people[of.kind](of.id);
    return new Map(name === null ? [] : [[id, name]]);
  }

  private async write(
    app: PaymentsApp,
    of: StatementOf,
    range: { from?: string; to?: string },
    { file, names }: { file: string; names: Map<string, string> },
  ) {
    const [{ statementSheet }, { writeWorkbook }] = await Promise.all([
      import('../../cli/payments-statement-sheet.ts'),
      import('../../sheets/index.ts'),
    ]);
    const { currency } = app.config;
    const title = statementName(of, names);
    const sheet = await statementSheet(app.payments, of, range, { title, currency });
    await this.progress(
      () => `Writing ${file}: ${sheet.lines()} lines`,
      () => writeWorkbook(file, [sheet]),
    );
    this.remark(`${sheet.lines()} lines written to ${file}.`);
    return { file, lines: sheet.lines(), title };
  }
}
