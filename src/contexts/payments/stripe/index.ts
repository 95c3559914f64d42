export { createStripeProvider } from './create-stripe-provider.ts';
