import pg from 'pg';
import { translateDatabaseError } from './database-errors.ts';
import { GROUP_ROLES, SERVICE_ROLES } from './roles.ts';

/** What is worth knowing of a PostgreSQL server before trusting it with orders. */
export interface ServerFacts {
  /** `18.4`. */
  version: string;
  /** `180004`: major version times 10,000 and minor. */
  versionNumber: number;
  database: string;
  user: string;
  superuser: boolean;
  maxConnections: number;
  /** Connections to the server that are open now. */
  connections: number;
  /** Both must be on, or an acknowledged order could be lost with the power. */
  durable: boolean;
  /** Roles of steward that are not there. */
  missingRoles: string[];
}

/**
 * Asks the server about itself.
 * @throws StewardError `database_unavailable`
 */
export async function inspectServer(url: string): Promise<ServerFacts> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const roles = [...Object.values(SERVICE_ROLES), ...GROUP_ROLES];
    const { rows } = await client.query(
      `select current_setting('server_version') as version,
         current_setting('server_version_num')::int as number,
         current_database() as database, session_user as "user",
         (select rolsuper from pg_roles where rolname = session_user) as superuser,
         current_setting('max_connections')::int as max,
         (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
         current_setting('fsync') = 'on' and current_setting('synchronous_commit') <> 'off'
           as durable,
         array(select name from unnest($1::text[]) as name
           where name not in (select rolname from pg_roles)) as missing`,
      [roles],
    );
    const [row] = rows;
    return {
      version: String(row.version).split(' ')[0] ?? '',
      versionNumber: row.number,
      database: row.database,
      user: row.user,
      superuser: row.superuser,
      maxConnections: row.max,
      connections: row.used,
      durable: row.durable,
      missingRoles: row.missing,
    };
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
