import type { MigrationStatus } from '../platform/postgres/migrations.ts';
import type { Column } from './table.ts';

/** What stands where; `time` writes a moment. */
export function migrationColumns(time: (moment: Date) => string): Column<MigrationStatus>[] {
  return [
    { header: 'context', value: (row) => row.context },
    { header: 'migration', value: (row) => row.id },
    { header: 'state', value: (row) => row.state },
    { header: 'applied', value: (row) => row.appliedAt && time(row.appliedAt) },
  ];
}
