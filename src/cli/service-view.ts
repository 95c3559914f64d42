import type { Service } from '../contexts/catalog/index.ts';
import { formatMoney, money } from '../platform/money.ts';
import type { Column } from './table.ts';

/** @param currency of the deployment */
export function serviceColumns(currency: string): Column<Service>[] {
  return [
    { header: 'code', value: (service) => service.code },
    { header: 'name', value: (service) => service.name },
    { header: 'price', value: (service) => servicePrice(service, currency), align: 'right' },
    { header: 'minutes', value: (service) => service.durationMinutes, align: 'right' },
    { header: 'state', value: (service) => (service.active ? 'active' : 'inactive') },
    { header: 'category', value: (service) => service.category },
    { header: 'skills', value: (service) => service.skills.join(', ') },
  ];
}

/** One service in full, as name and value. */
export function serviceFields(service: Service, currency: string, time: (at: Date) => string) {
  return [
    ['code', service.code],
    ['name', service.name],
    ['category', service.category],
    ['price', servicePrice(service, currency) ?? "none: the price formula's default holds"],
    ['duration', `${service.durationMinutes} min`],
    ['skills', service.skills.join(', ')],
    ['supplies', suppliesText(service.supplies)],
    ['state', service.active ? 'active' : 'inactive: cannot be ordered'],
    ['notes', service.notes],
    ['version', service.version],
    ['changed', time(service.updatedAt)],
    ['id', service.id],
  ] as const;
}

/** `2 × mop, 1 × bucket`. */
export function suppliesText(supplies: Service['supplies']): string {
  return supplies.map(({ item, quantity }) => `${quantity} × ${item}`).join(', ');
}

function servicePrice(service: Service, currency: string): string | null {
  return service.priceMinor === null ? null : formatMoney(money(service.priceMinor, currency));
}
