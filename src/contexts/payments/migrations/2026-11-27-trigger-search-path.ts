import type { Migration } from '../../../platform/postgres/migrations.ts';

/**
 * Names in triggers mean the same in every session: whoever made a temporary type with the name of
 * one that a trigger uses would otherwise decide what the trigger compares.
 */
export const triggerSearchPath: Migration = {
  id: '2026-11-27-trigger-search-path',
  sql: `
    alter function ledger.refuse_change() set search_path = pg_catalog, pg_temp;
    alter function payments.refuse_delete() set search_path = pg_catalog, pg_temp;
    alter function payments.sign_credit() set search_path = pg_catalog, pg_temp;
    alter function payments.keep_facts() set search_path = pg_catalog, pg_temp;
  `,
};
