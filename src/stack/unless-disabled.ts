import { isServiceDisabled } from '../gcp/errors.ts';

/** What a look found; undefined where its service is not enabled in the project: nothing of it can be there then. */
export async function unlessDisabled<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isServiceDisabled(error)) return undefined;
    throw error;
  }
}
