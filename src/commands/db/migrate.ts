import { migrationColumns } from '../../cli/migration-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';

export default class DbMigrate extends StewardCommand {
  static override summary = 'Bring the main database to what this version of steward needs.';
  static override description =
    'Each migration runs in a transaction of its own; ten processes may do this at once. Refused when the database is newer than the code. An embedded database does this by itself.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(DbMigrate);
    return this.withMainServer(async ({ url }, { timeZone }) => {
      const { migrateMain } = await import('../../main-database.ts');
      const applied = await this.progress('Migrating', () => migrateMain(url));
      if (applied.length > 0) {
        this.table(
          migrationColumns((moment) => formatMoment(moment, timeZone)),
          applied,
        );
      }
      this.remark(applied.length > 0 ? `${applied.length} applied.` : 'Nothing was missing.');
      this.next('db status');
      return { applied };
    });
  }
}
