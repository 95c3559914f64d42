export { createStripeProvider, type StripeOptions } from './create-stripe-provider.ts';
