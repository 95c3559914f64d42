import type { Migration } from '../../../platform/postgres/migrations.ts';
import { services } from './2026-11-23-services.ts';

export const catalogMigrations: Migration[] = [services];
