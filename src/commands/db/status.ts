import { EXIT } from '../../cli/exit-codes.ts';
import { migrationColumns } from '../../cli/migration-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';

export default class DbStatus extends StewardCommand {
  static override summary = 'Show which migrations the main database has.';
  static override description =
    'Changes nothing. Exit code 5: the database and this version of steward do not fit.';
  static override examples = ['<%= config.bin %> <%= command.id %> --json'];

  async run() {
    await this.parse(DbStatus);
    return this.withMainServer(async ({ url }, { timeZone }) => {
      const { mainMigrationStatus } = await import('../../main-database.ts');
      const migrations = await mainMigrationStatus(url);
      this.table(
        migrationColumns((moment) => formatMoment(moment, timeZone)),
        migrations,
      );
      const wrong = migrations.filter((one) => one.state !== 'applied');
      if (wrong.length > 0) {
        this.end(EXIT.conflict);
        this.remark(`${wrong.length} of ${migrations.length} migrations do not fit.`);
        this.next('db migrate');
      }
      return { fits: wrong.length === 0, migrations };
    });
  }
}
