import type { ServiceChanges } from '../contexts/catalog/index.ts';
import { invalid } from '../platform/errors.ts';
import { parseAmount } from '../platform/money.ts';

interface ServiceFlags {
  name?: string;
  category?: string;
  price?: string;
  minutes?: number;
  skill?: string[];
  supply?: string[];
  notes?: string;
  active?: boolean;
}

/**
 * The flags of `services set` as the context wants them; `-` means "nothing any more".
 * @throws StewardError `invalid_amount`, `invalid_input` for a supply that is not `item=quantity`
 */
export function serviceChanges(flags: ServiceFlags, currency: string): ServiceChanges {
  const changes: ServiceChanges = {
    name: flags.name,
    category: flags.category,
    durationMinutes: flags.minutes,
    skills: isNothing(flags.skill) ? [] : flags.skill,
    supplies: isNothing(flags.supply) ? [] : flags.supply?.map(parseSupply),
    active: flags.active,
    notes: flags.notes === '-' ? null : flags.notes,
  };
  if (flags.price !== undefined) {
    changes.priceMinor = flags.price === '-' ? null : parseAmount(flags.price, currency);
  }
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

function isNothing(values: readonly string[] | undefined): boolean {
  return values?.length === 1 && values[0] === '-';
}

function parseSupply(text: string): { item: string; quantity: number } {
  const match = /^\s*(.+?)\s*=\s*(\d{1,6})\s*$/.exec(text);
  const [, item, quantity] = match ?? [];
  if (item !== undefined) return { item, quantity: Number(quantity) };
  const message = `"${text}" is not a supply: expected item=quantity, such as mop=1.`;
  throw invalid(message, [{ path: 'supply', message }]);
}
