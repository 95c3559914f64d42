import type { PaymentsApp } from '../payments-app.ts';
import { StewardError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { collectPages, shownOf } from './pages.ts';
import { StewardCommand } from './steward-command.ts';
import type { Column } from './table.ts';
import { plainText, wrapText } from './text-width.ts';

type PageRequest = { limit: number; cursor?: string };
interface PageWithTotal<T> {
  data: T[];
  nextCursor: string | null;
  total: { count: number; amountMinor: bigint };
}
/** `--dry-run` and `--yes`, as the user gave them. */
interface Caution {
  'dry-run': boolean;
  yes: boolean;
}

/** What commands about money have beside what all commands have. */
export abstract class PaymentsCommand extends StewardCommand {
  /** Said again: oclif looks for it no further than to a class that says nothing by itself. */
  static override enableJsonFlag = true;

  /** Opens payments and says, where that is so, that no money moves. */
  protected withMoney<T>(work: (app: PaymentsApp) => Promise<T>): Promise<T> {
    return this.withPayments(async (app) => {
      const { name, movesMoney } = app.payments.provider;
      if (!movesMoney) this.remark(`The provider is the ${name}: no money moves.`);
      return work(app);
    });
  }

  /** Names by id. Without the order stream there are none, which is no reason to fail. */
  protected async names(app: PaymentsApp, ids: readonly string[]): Promise<Map<string, string>> {
    if (this.jsonEnabled() || ids.length === 0) return new Map();
    try {
      return await app.payments.people.names([...new Set(ids)]);
    } catch (error) {
      if (!(error instanceof StewardError) || error.kind !== 'unavailable') throw error;
      this.remark(`Names are not shown: ${error.message}`);
      return new Map();
    }
  }

  /** A sentence behind a mark, ✓ or ✗, wrapped beside it. */
  protected marked(mark: string, style: 'green' | 'yellow' | 'red', text: string): void {
    const width = this.width();
    const before = `${mark} `;
    const room = width === undefined ? Number.POSITIVE_INFINITY : width - before.length;
    // Wrapped before it is coloured: the codes of colours take no room on the screen.
    const [first = '', ...others] = wrapText(plainText(text), room);
    const rest = others.map((line) => ' '.repeat(before.length) + line);
    this.print(`${this.styled(style, mark)} ${first}`, ...rest);
  }

  /** One page of a list with the sum over all that fits: `30 of 412 invoices, 9000.00 USD in all.` */
  protected async listMoney<T>(
    app: PaymentsApp,
    page: PageRequest,
    fetch: (page: PageRequest) => Promise<PageWithTotal<T>>,
    look: {
      noun: string;
      person?: (row: T) => string;
      columns: (names: ReadonlyMap<string, string>) => readonly Column<T>[];
    },
  ): Promise<PageWithTotal<T> & { total: { currency: string } }> {
    let total: PageWithTotal<T>['total'] = { count: 0, amountMinor: 0n };
    const counting = async (one: PageRequest) => {
      const answer = await fetch(one);
      ({ total } = answer);
      return answer;
    };
    const shown = await this.progress('Reading', () =>
      collectPages(counting, page.limit, page.cursor),
    );
    const { person } = look;
    const names = person ? await this.names(app, shown.data.map(person)) : new Map();
    if (shown.data.length > 0) this.table(look.columns(names), shown.data);
    const { currency } = app.config;
    const sum = formatMoney({ amountMinor: total.amountMinor, currency });
    this.remark(`${shownOf(shown.data.length, total.count, look.noun)}, ${sum} in all.`);
    if (shown.nextCursor !== null) this.next(`${this.typed()} --cursor ${shown.nextCursor}`);
    return { ...shown, total: { ...total, currency } };
  }

  /**
   * Does something that moves money or cannot be taken back. Before it asks, it is rehearsed: what
   * would be refused is refused then. With `--dry-run` that is all.
   * @param work the use case, which changes nothing with `dryRun`
   * @param question from what would come out
   * @returns `declined` where somebody has said no: then there is nothing more to say
   */
  protected async careful<T>(
    flags: Caution,
    work: (dryRun: boolean) => Promise<T>,
    question: (expected: T) => string,
  ): Promise<{ applied: boolean; declined: boolean; result: T }> {
    const not = { applied: false, declined: false };
    if (flags['dry-run']) return { ...not, result: await work(true) };
    if (!flags.yes) {
      const expected = await work(true);
      const sure = await this.confirmed(question(expected), false);
      if (!sure) return { ...not, declined: true, result: expected };
    }
    return { ...not, applied: true, result: await work(false) };
  }

  /** Says what {@link careful} came to. */
  protected outcome(applied: boolean, done: string): void {
    this.remark(applied ? done : 'Only tried: nothing was changed.');
  }
}
