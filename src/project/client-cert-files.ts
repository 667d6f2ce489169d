import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import type { TlsFiles } from './database-client.ts';

/**
 * Writes key, certificate and the server's authority (PEM) as Google's console names them, each whole at any moment; clients refuse a
 * key that others can read. A new folder is for its owner alone, and git leaves it out. Returns absolute paths.
 * Throws a {@link UserError} CLIENT_CERT_DIR_NOT_WRITABLE.
 */
export async function writeClientCertFiles(
  folder: string,
  { key, certificate, serverCa }: { key: string; certificate: string; serverCa: string },
): Promise<Required<TlsFiles>> {
  const files = {
    clientKey: path.join(folder, 'client-key.pem'),
    clientCert: path.join(folder, 'client-cert.pem'),
    serverCa: path.join(folder, 'server-ca.pem'),
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const isNew = (await readdir(folder)).length === 0;
    // First: a key must not lie in a repository for a moment either.
    if (isNew) await writeWhole(path.join(folder, '.gitignore'), '*\n', 0o600);
    await writeWhole(files.clientKey, key, 0o600);
    await writeWhole(files.clientCert, certificate, 0o600);
    await writeWhole(files.serverCa, serverCa, 0o644);
  } catch (cause) {
    throw new UserError({
      code: 'CLIENT_CERT_DIR_NOT_WRITABLE',
      message: `The client certificate cannot be written to ${folder} (${(cause as NodeJS.ErrnoException).code}).`,
      hint: 'Name a folder that you may write to: mlflow-gcp connect --database --client-cert-dir DIR',
      cause,
    });
  }
  return files;
}

async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const beside = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(beside, text.endsWith('\n') ? text : `${text}\n`, { mode, flag: 'wx' });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
