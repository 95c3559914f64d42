import type { ColumnType, JSONColumnType } from 'kysely';
import type { Quantity } from '../../sheets/index.ts';

interface ServicesTable {
  id: string;
  code: string;
  name: string;
  category: string;
  price_minor: bigint | null;
  duration_minutes: number;
  skills: string[];
  supplies: JSONColumnType<Quantity[]>;
  active: boolean;
  notes: string | null;
  version: ColumnType<number, number | undefined, number>;
  created_at: ColumnType<Date, Date, never>;
  updated_at: Date;
}

interface ServiceChangesTable {
  id: string;
  service_id: string;
  changed_at: Date;
  changed_by: string;
  source: string;
  changes: JSONColumnType<Record<string, { old: unknown; new: unknown }>>;
}

export interface CatalogTables {
  'catalog.services': ServicesTable;
  'catalog.service_changes': ServiceChangesTable;
}
