import { StewardError } from '../platform/errors.ts';

/**
 * A service that does not exist is a fault of the body, not of the address: 422 with its path
 * instead of 404.
 */
export async function aboutService<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StewardError) || error.code !== 'service_not_found') throw error;
    throw new StewardError('invalid', error.code, error.message, {
      issues: [{ path: 'service', message: 'there is no such service' }],
      cause: error,
    });
  }
}
