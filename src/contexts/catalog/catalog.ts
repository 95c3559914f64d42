import type { ImportPlan, Quantity, SheetFile } from '../../sheets/index.ts';
import type { ServicesSheet } from './services-sheet.ts';

/** A type of work that can be ordered. */
export interface Service {
  id: string;
  /** 1 to 40 characters A–Z, 0–9 and hyphen; never changes. */
  code: string;
  name: string;
  category: string;
  /** In minor units; null: the price formula's default holds. */
  priceMinor: bigint | null;
  durationMinutes: number;
  /** Small letters; a worker needs all of them. */
  skills: string[];
  supplies: Quantity[];
  /** An inactive service cannot be ordered. */
  active: boolean;
  notes: string | null;
  /** Goes up by one with every change. */
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** Fields of a service that can be changed. Absent: stays; null: cleared. */
export interface ServiceChanges {
  name?: string;
  category?: string;
  priceMinor?: bigint | null;
  durationMinutes?: number;
  skills?: readonly string[];
  supplies?: readonly Quantity[];
  active?: boolean;
  notes?: string | null;
}

/** One line of a service's history. Values are JSON; amounts are minor units as text. */
export interface ServiceChange {
  changedAt: Date;
  changedBy: string;
  /** `set`, `import services.xlsx`. */
  source: string;
  changes: Record<string, { old: unknown; new: unknown }>;
}

export type ServicesPlan = ImportPlan<ServicesSheet['columns']>;

export interface ServicesImport {
  plan: ServicesPlan;
  /** False when rows were refused and `acceptGood` was not given: then nothing was written. */
  applied: boolean;
}

export interface ListServices {
  active?: boolean;
  /** Part of code, name, category or skill, in any case. */
  search?: string;
  /** The whole category, in any case. */
  category?: string;
  /** 1 to 200; 50 unless given. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
}

export interface ServicesPage {
  services: Service[];
  /** Null on the last page. */
  nextCursor: string | null;
  /** Services that the filter lets through, on all pages together. */
  total: number;
}

/** What is sold: edited by catalog managers, read by everybody. */
export interface Catalog {
  /**
   * What an import of this workbook would do. Writes nothing.
   * @param file path of an .xlsx file, or its bytes
   * @param options.sheet name of the sheet, where several fit
   * @throws kind `invalid`, codes `sheet_…`, when there is no list to read; faults of single cells
   *   are in the plan
   */
  planServices(file: SheetFile, options?: { sheet?: string }): Promise<ServicesPlan>;

  /**
   * Imports a workbook in one transaction: all rows, or none when one is refused, unless
   * `acceptGood` asks for the good ones. The plan is made anew under lock, so that what is written
   * is what it says. The same file again changes nothing.
   * @param options.by who does it, for the history
   * @throws like `planServices`
   */
  importServices(
    file: SheetFile,
    options: { by: string; acceptGood?: boolean; sheet?: string },
  ): Promise<ServicesImport>;

  /**
   * Services in the order of category and code.
   * @throws `invalid_cursor`, `invalid_limit`
   */
  list(query?: ListServices): Promise<ServicesPage>;

  /**
   * One service, active or not.
   * @throws `service_not_found`
   */
  get(codeOrId: string): Promise<Service>;

  /**
   * Changes a service, and keeps who, when and what stood there before. Nothing is written when
   * all values are as they were.
   * @param options.version the version that the change was made for; without it the newest is meant
   * @throws `service_not_found`, `invalid_service` (every fault in `issues`), `service_changed`
   *   (conflict) when the version is no longer the newest
   */
  set(
    codeOrId: string,
    changes: ServiceChanges,
    options: { by: string; version?: number },
  ): Promise<{ before: Service; after: Service; changed: boolean }>;

  /**
   * What happened to a service, newest first.
   * @throws `service_not_found`
   */
  history(codeOrId: string): Promise<ServiceChange[]>;
}
