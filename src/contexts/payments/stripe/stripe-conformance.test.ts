import { describeProvider } from '../../../../test/provider-conformance.ts';
import { openStripeHarness } from '../../../../test/stripe/harness.ts';

describeProvider('stripe', openStripeHarness);
