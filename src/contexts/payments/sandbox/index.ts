export { createSandboxProvider } from './create-sandbox-provider.ts';
