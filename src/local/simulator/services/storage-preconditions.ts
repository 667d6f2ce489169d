import { notModified, preconditionFailed } from './storage-errors.ts';

/** The preconditions of a call, as query parameters name them. Numbers arrive as text: a generation has more digits than a double. */
export interface Preconditions {
  ifGenerationMatch?: string;
  ifGenerationNotMatch?: string;
  ifMetagenerationMatch?: string;
  ifMetagenerationNotMatch?: string;
}
const NAMES = ['ifGenerationMatch', 'ifGenerationNotMatch', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'] as const;

/**
 * Reads them from a call's parameters.
 * @param prefix `Source` for those of a copy's source (`ifSourceGenerationMatch`)
 */
export function preconditionsOf(get: (name: string) => unknown, prefix = ''): Preconditions {
  const found: Preconditions = {};
  for (const name of NAMES) {
    const value = get(prefix ? name.replace(/^if/, `if${prefix}`) : name);
    if (value !== undefined && value !== null && value !== '') found[name] = String(value);
  }
  return found;
}

/**
 * Holds a resource against preconditions. What is not there has generation 0 (https://docs.cloud.google.com/storage/docs/request-preconditions).
 * @param reading whether this is a read, for which an unmet `…NotMatch` is 304
 * @throws GoogleError 412, or 304
 */
export function checkPreconditions(
  conditions: Preconditions,
  current: { generation: string; metageneration: number } | undefined,
  reading = false,
): void {
  const generation = current?.generation ?? '0';
  const metageneration = current ? String(current.metageneration) : undefined;
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch } = conditions;
  if (ifGenerationMatch !== undefined && ifGenerationMatch !== generation) throw preconditionFailed();
  if (ifMetagenerationMatch !== undefined && ifMetagenerationMatch !== metageneration) throw preconditionFailed();
  const unmet =
    (ifGenerationNotMatch !== undefined && ifGenerationNotMatch === generation) ||
    (ifMetagenerationNotMatch !== undefined && ifMetagenerationNotMatch === metageneration);
  if (unmet) throw reading ? notModified() : preconditionFailed();
}
