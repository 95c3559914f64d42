import { Flags } from '@oclif/core';
import type { FieldChange, Worker, WorkerInput } from '../contexts/orders/index.ts';
import { listFlag } from './flags.ts';
import type { Column } from './table.ts';

export const workerColumns: Column<Worker>[] = [
  { header: 'worker', value: (worker) => worker.id },
  { header: 'name', value: (worker) => worker.name },
  { header: 'city', value: (worker) => worker.city },
  { header: 'state', value: (worker) => (worker.active ? 'active' : 'inactive') },
  { header: 'rating', value: ratingText, align: 'right' },
  { header: 'done', value: (worker) => worker.completedOrders, align: 'right' },
  { header: 'skills', value: (worker) => worker.skills.join(', ') },
];

/** One worker in full, as name and value. */
export function workerFields(worker: Worker, time: (moment: Date) => string) {
  return [
    ['worker', worker.id],
    ['name', worker.name],
    ['city', worker.city],
    ['state', worker.deactivatedAt ? `inactive since ${time(worker.deactivatedAt)}` : 'active'],
    ['skills', worker.skills.join(', ')],
    ['strengths', worker.strengths.join(', ')],
    ['weaknesses', worker.weaknesses.join(', ')],
    [
      'rating',
      worker.rating === null ? null : `${ratingText(worker)} of 5, ${worker.ratingCount}×`,
    ],
    ['completed', worker.completedOrders],
    ['mail', worker.email],
    ['phone', worker.phone],
    ['notes', worker.notes],
    ['subject', worker.subject],
    ['since', time(worker.createdAt)],
  ] as const;
}

function ratingText(worker: Worker): string | null {
  return worker.rating?.toFixed(2) ?? null;
}

/** What was, and what is or would be. */
export const changeColumns: Column<FieldChange>[] = [
  { header: 'field', value: (change) => change.field },
  { header: 'before', value: (change) => valueText(change.before) },
  { header: 'after', value: (change) => valueText(change.after) },
];

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** All that `workers add` and `workers set` know about a worker besides the name and the city. */
export const workerDetailFlags = {
  skill: listFlag('What the worker can do; repeat the flag or use commas.', '<skill>'),
  strength: listFlag('What the worker is good at.', '<word>'),
  weakness: listFlag('What the worker is not good at.', '<word>'),
  email: Flags.string({ summary: 'Where orders are mailed to; "-" clears it.' }),
  phone: Flags.string({ summary: 'Telephone; "-" clears it.' }),
  notes: Flags.string({ summary: 'For other managers; "-" clears it.' }),
  subject: Flags.string({ summary: "`sub` of the worker's tokens; the worker's id by default." }),
};

interface WorkerFlags {
  name?: string;
  city?: string;
  skill?: string[];
  strength?: string[];
  weakness?: string[];
  email?: string;
  phone?: string;
  notes?: string;
  subject?: string;
}

/** The flags as the context wants them; `-` means "nothing any more". */
export function workerInput(flags: WorkerFlags): Partial<WorkerInput> {
  const text = (value?: string) => (value === '-' ? null : value);
  const list = (values?: string[]) =>
    values?.length === 1 && values[0] === '-' ? [] : values?.map((value) => value.trim());
  const input: Partial<WorkerInput> = {
    name: flags.name,
    city: flags.city,
    skills: list(flags.skill),
    strengths: list(flags.strength),
    weaknesses: list(flags.weakness),
    email: text(flags.email),
    phone: text(flags.phone),
    notes: text(flags.notes),
    subject: flags.subject,
  };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
