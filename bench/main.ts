/** `npm run bench`: every figure in turn, each against its goal. */
import { balanceReading } from './balance.ts';
import { demoWeek } from './demo.ts';
import { effects } from './effect.ts';
import { invoiceRun } from './invoices.ts';
import { ledgerBooking } from './ledger.ts';
import { placing } from './place.ts';
import { sheetImport } from './sheet.ts';
import { startUp } from './start-up.ts';
import { storedOrders } from './stored.ts';
import { streamReading } from './stream.ts';
import { runFigures } from './tools/run.ts';
import { workersInPool } from './workers.ts';

const figures = [
  placing,
  workersInPool,
  storedOrders,
  streamReading,
  effects,
  ledgerBooking,
  invoiceRun,
  balanceReading,
  startUp,
  sheetImport,
  demoWeek,
];

await runFigures(figures, process.argv.slice(2));
