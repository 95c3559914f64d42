import type { RowOf, SheetPatch } from '../../sheets/index.ts';
import {
  code,
  column,
  defineSheet,
  integer,
  list,
  money,
  quantities,
  text,
  yesNo,
} from '../../sheets/index.ts';

/** A day has so many minutes: no service takes longer. */
const MAX_DURATION_MINUTES = 1_440;
const MAX_SKILLS = 20;

/** Words of letters, digits and hyphens; `c++` and `1c` are skills too. */
const SKILL = /^[\p{L}\p{N}][\p{L}\p{N} +#-]{0,39}$/u;

/** A skill in its normal form, small letters and single spaces; null when it is none. */
export function normalSkill(typed: string): string | null {
  const skill = typed.trim().replace(/\s+/g, ' ').toLowerCase();
  return SKILL.test(skill) ? skill : null;
}

/** The list of services as catalog managers keep it in Excel. Prices are in `currency`. */
export function defineServicesSheet(currency: string) {
  return defineSheet({
    name: 'services',
    key: 'code',
    columns: [
      column({
        key: 'code',
        header: { en: 'Code', ru: 'Код' },
        aliases: ['Service code', 'SKU', 'Код услуги', 'Артикул'],
        required: true,
        kind: code({
          pattern: /^[A-Z0-9-]{1,40}$/,
          expected: 'a code of 1 to 40 letters A to Z, digits and hyphens',
        }),
        note: 'Names the service and never changes: CLEAN-STD.',
      }),
      column({
        key: 'name',
        header: { en: 'Service', ru: 'Услуга' },
        aliases: ['Name', 'Service name', 'Title', 'Название', 'Наименование', 'Название услуги'],
        required: true,
        kind: text({ maxChars: 200 }),
        note: 'What the customer sees.',
      }),
      column({
        key: 'category',
        header: { en: 'Category', ru: 'Категория' },
        aliases: ['Group', 'Раздел', 'Группа'],
        required: true,
        kind: text({ maxChars: 80 }),
        note: 'Under which heading it is listed.',
      }),
      column({
        key: 'priceMinor',
        header: { en: 'Price', ru: 'Цена' },
        aliases: [
          ...[currency, `in ${currency}`].flatMap((unit) => [`Price ${unit}`, `Цена ${unit}`]),
          'Стоимость',
          'Цена, руб',
        ],
        kind: money({ currency, minMinor: 1n }),
        note: `In ${currency}. Empty for a new service, or "-": the default price holds.`,
      }),
      column({
        key: 'durationMinutes',
        header: { en: 'Duration, min', ru: 'Длительность, мин' },
        aliases: [
          'Duration',
          'Duration, minutes',
          'Minutes',
          'Длительность',
          'Продолжительность',
          'Продолжительность, мин',
          'Минут',
        ],
        required: true,
        kind: integer({ min: 1, max: MAX_DURATION_MINUTES }),
        note: 'In minutes, 1 to 1440.',
      }),
      column({
        key: 'skills',
        header: { en: 'Skills', ru: 'Навыки' },
        aliases: ['Required skills', 'Умения', 'Требуемые навыки'],
        required: true,
        kind: list({
          item: normalSkill,
          itemExpected: 'a skill of 1 to 40 letters, digits, spaces and hyphens',
          maxItems: MAX_SKILLS,
        }),
        note: 'What the worker must be able to do, separated by semicolons: cleaning; heights.',
      }),
      column({
        key: 'supplies',
        header: { en: 'Supplies', ru: 'Материалы' },
        aliases: ['Materials', 'Equipment', 'Расходники', 'Снабжение', 'Инвентарь'],
        kind: quantities({ maxQuantity: 999 }),
        note: 'What the worker collects, with quantities: Cloth pack x2; Acceptance form x1.',
      }),
      column({
        key: 'active',
        header: { en: 'Active', ru: 'Активна' },
        aliases: ['Enabled', 'On sale', 'Активно', 'Активен', 'Действует', 'Продаётся'],
        clearable: false,
        kind: yesNo(),
        note: 'yes or no. A service that is not active cannot be ordered.',
      }),
      column({
        key: 'notes',
        header: { en: 'Notes', ru: 'Примечания' },
        aliases: ['Note', 'Remarks', 'Comment', 'Comments', 'Заметки', 'Примечание', 'Комментарий'],
        kind: text({ maxChars: 2_000, multiline: true }),
        note: 'For managers; customers do not see it.',
      }),
    ],
  });
}

export type ServicesSheet = ReturnType<typeof defineServicesSheet>;
/** A service as a row of the sheet. */
export type ServiceRow = RowOf<ServicesSheet>;
/** Changes to a service: absent fields stay, null clears. */
export type ServicePatch = SheetPatch<ServicesSheet['columns']>;
