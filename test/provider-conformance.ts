import { describe } from 'vitest';
import { charges, customersAndMethods, mishaps } from './provider-charge-suites.ts';
import { type Prepare, type ProviderHarness, prepareHarness } from './provider-harness.ts';
import {
  balanceAndEvents,
  disputes,
  refunds,
  transfers,
  webhooks,
} from './provider-money-suites.ts';

export type { ProviderHarness } from './provider-harness.ts';

/**
 * One suite for all providers: whatever passes it can stand behind payments.
 * @param open makes a fresh provider; called by each test, closed after it
 */
export function describeProvider(name: string, open: () => Promise<ProviderHarness>): void {
  const prepare: Prepare = () => prepareHarness(open);
  describe(name, () => {
    customersAndMethods(prepare);
    charges(prepare);
    mishaps(prepare);
    refunds(prepare);
    disputes(prepare);
    transfers(prepare);
    balanceAndEvents(prepare);
    webhooks(prepare);
  });
}
