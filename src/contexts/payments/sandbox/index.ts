export { createSandboxProvider, type SandboxOptions } from './create-sandbox-provider.ts';
export {
  renderSandboxPage,
  sandboxPage,
  sandboxPagePolicy,
  submitSandboxPage,
} from './sandbox-page.ts';
