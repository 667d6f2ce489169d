import { invalid, required } from './storage-errors.ts';

const MAX_NAME_BYTES = 1024;

/**
 * Holds a name against https://docs.cloud.google.com/storage/docs/objects#naming.
 * @throws GoogleError 400
 */
export function checkObjectName(name: string): void {
  if (name === '') throw required('name');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw invalid('The specified object name is too long.');
  const forbidden = /[\r\n]/.test(name) || name === '.' || name === '..' || name.startsWith('.well-known/acme-challenge/');
  if (forbidden || !name.isWellFormed()) throw invalid(`Disallowed unicode characters present in object name '${name}'`);
}
