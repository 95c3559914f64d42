import { EXIT } from '../../cli/exit-codes.ts';
import { partFlag } from '../../cli/flags.ts';
import { migrationColumns } from '../../cli/migration-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';

export default class DbStatus extends StewardCommand {
  static override summary = 'Show which migrations the databases have.';
  static override description =
    'Changes nothing. Exit code 5: a database and this version of steward do not fit.';
  static override examples = ['<%= config.bin %> <%= command.id %> --json'];
  static override flags = { part: partFlag };

  async run() {
    const { flags } = await this.parse(DbStatus);
    const [{ mainMigrationStatus }, { paymentsMigrationStatus }] = await Promise.all([
      import('../../main-database.ts'),
      import('../../payments-database.ts'),
    ]);
    const look = { main: mainMigrationStatus, payments: paymentsMigrationStatus };
    const found = await this.withServers(flags.part, async ({ url }, part, { timeZone }) => {
      const migrations = await look[part](url);
      this.print(this.styled('bold', part));
      this.table(
        migrationColumns((moment) => formatMoment(moment, timeZone)),
        migrations,
      );
      return migrations.map((one) => ({ part, ...one }));
    });
    const migrations = found.flat();
    const wrong = migrations.filter((one) => one.state !== 'applied');
    if (wrong.length > 0) {
      this.end(EXIT.conflict);
      this.remark(`${wrong.length} of ${migrations.length} migrations do not fit.`);
      this.next('db migrate');
    }
    return { fits: wrong.length === 0, migrations };
  }
}
