import { z } from 'zod';

/**
 * Lets schemas check without being compiled first: that pays for itself after many uses, and a
 * command checks once. To be called before any module with schemas is loaded.
 */
export function skipSchemaCompiler(): void {
  z.config({ jitless: true });
}
