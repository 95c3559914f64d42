import type { Migration } from '../../../platform/postgres/migrations.ts';

export const services: Migration = {
  id: '2026-11-23-services',
  sql: `
    create schema catalog;

    create table catalog.services (
      id uuid primary key,
      code text not null unique check (code ~ '^[A-Z0-9-]{1,40}$'),
      name text not null check (name <> ''),
      category text not null check (category <> ''),
      -- null: no price of its own; the price formula's default holds (R-02)
      price_minor bigint check (price_minor > 0),
      duration_minutes int not null check (duration_minutes between 1 and 1440),
      skills text[] not null,
      -- [{"item": "Cloth pack", "quantity": 2}]
      supplies jsonb not null check (jsonb_typeof(supplies) = 'array'),
      active boolean not null,
      notes text,
      version int not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index services_by_category on catalog.services (category, code);

    -- Who changed what, and what stood there before: nothing of a price's past is lost.
    create table catalog.service_changes (
      id uuid primary key,
      service_id uuid not null references catalog.services,
      changed_at timestamptz not null,
      changed_by text not null,
      -- "import services.xlsx", "set", ...
      source text not null,
      -- {"priceMinor": {"old": "8900", "new": "9200"}}
      changes jsonb not null
    );
    create index service_changes_by_service on catalog.service_changes (service_id, changed_at);

    grant usage on schema catalog to steward_api, steward_worker, steward_catalog, steward_hiring,
      steward_quality, steward_supplies, steward_ops;
    grant select on catalog.services to steward_api, steward_worker, steward_catalog,
      steward_hiring, steward_quality, steward_supplies, steward_ops;
    grant select on catalog.service_changes to steward_catalog, steward_ops;
    grant insert, update on catalog.services to steward_catalog;
    grant insert on catalog.service_changes to steward_catalog;
  `,
};
