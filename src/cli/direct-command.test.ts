import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDirectCommand } from './direct-command.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'steward-commands-'));
  for (const topic of ['orders', 'start', 'payments/invoices']) {
    mkdirSync(join(folder, topic), { recursive: true });
  }
  const files = ['orders/list.js', 'start/index.js', 'start/api.js', 'doctor.js'];
  const deeper = ['payments/prove.js', 'payments/invoices/index.js', 'payments/invoices/plan.js'];
  for (const file of [...files, ...deeper]) writeFileSync(join(folder, file), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a command line', () => {
  test.each([
    ['orders list --limit 3', 'orders:list', ['--limit', '3']],
    ['start', 'start', []],
    ['start api --json', 'start:api', ['--json']],
    ['doctor extra', 'doctor', ['extra']],
    ['payments prove --full', 'payments:prove', ['--full']],
    ['payments invoices plan --json', 'payments:invoices:plan', ['--json']],
    ['payments invoices --json', 'payments:invoices', ['--json']],
    ['payments invoices list', 'payments:invoices', ['list']],
    ['orders list -- --help', 'orders:list', ['--', '--help']],
  ])('"%s" is the file of its command', (line, id, argv) => {
    expect(findDirectCommand(line.split(' '), folder)).toMatchObject({ id, argv });
  });

  test.each([
    '',
    '--help',
    'orders',
    'orders lst',
    'payments',
    'payments lst',
    'orders list --help',
    '../orders list',
    'help',
  ])('"%s" is left to the framework', (line) => {
    expect(findDirectCommand(line.split(' '), folder)).toBeUndefined();
  });
});
