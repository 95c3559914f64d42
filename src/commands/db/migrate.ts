import { partFlag } from '../../cli/flags.ts';
import { migrationColumns } from '../../cli/migration-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';

export default class DbMigrate extends StewardCommand {
  static override summary = 'Bring the databases to what this version of steward needs.';
  static override description =
    "The main database, and payments' own where there is one. Each migration runs in a transaction of its own; ten processes may do this at once. Refused when a database is newer than the code. An embedded database does this by itself.";
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --part payments',
  ];
  static override flags = { part: partFlag };

  async run() {
    const { flags } = await this.parse(DbMigrate);
    const [{ migrateMain }, { migratePayments }] = await Promise.all([
      import('../../main-database.ts'),
      import('../../payments-database.ts'),
    ]);
    const work = { main: migrateMain, payments: migratePayments };
    const done = await this.withServers(flags.part, async ({ url }, part, { timeZone }) => {
      const applied = await this.progress(`Migrating ${part}`, () => work[part](url));
      if (applied.length > 0) {
        this.table(
          migrationColumns((moment) => formatMoment(moment, timeZone)),
          applied,
        );
      }
      const what = applied.length > 0 ? `${applied.length} applied` : 'nothing was missing';
      this.remark(`${part}: ${what}.`);
      return applied.map((one) => ({ part, ...one }));
    });
    this.next('db status');
    return { applied: done.flat() };
  }
}
