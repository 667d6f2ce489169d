import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { withAuthorities } from '../../src/project/authorities.ts';
import { temporaryFolder } from '../support/program.ts';

test('nothing changes without NODE_EXTRA_CA_CERTS, or when the user has named files for the others', async () => {
  const plain = { HTTPS_PROXY: 'http://p' };
  expect(await withAuthorities(plain, '/nowhere')).toBe(plain);
  const own = { NODE_EXTRA_CA_CERTS: 'a', REQUESTS_CA_BUNDLE: 'b', SSL_CERT_FILE: 'c', PIP_CERT: 'd' };
  expect(await withAuthorities(own, '/nowhere')).toBe(own);
});

test('names one file with all authorities that Node.js trusts, the extra one among them', async () => {
  const folder = temporaryFolder();
  const { rootCertificates } = await import('node:tls');
  // Any certificate will do that is not in the list: the same in another wrapping is one to Node.js.
  const extra = path.join(folder, 'extra.pem');
  await writeFile(extra, rootCertificates[0] ?? '');
  const script = `
    const { withAuthorities } = await import(${JSON.stringify(path.resolve('src/project/authorities.ts'))});
    console.log(JSON.stringify(await withAuthorities({ NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS, PIP_CERT: '/own.pem' }, ${JSON.stringify(folder)})));`;
  const run = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: extra },
  });
  const file = path.join(folder, 'authorities.pem');
  expect(JSON.parse(run.stdout)).toEqual({
    NODE_EXTRA_CA_CERTS: extra,
    REQUESTS_CA_BUNDLE: file,
    SSL_CERT_FILE: file,
    PIP_CERT: '/own.pem',
  });
  const certificates = (await readFile(file, 'utf8')).match(/-----BEGIN CERTIFICATE-----/g) ?? [];
  expect(certificates.length).toBeGreaterThan(rootCertificates.length);
});

test('the authorities of the system count for them too where Node.js takes them', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'authorities.pem');
  expect(await withAuthorities({ NODE_USE_SYSTEM_CA: '1' }, folder)).toMatchObject({ SSL_CERT_FILE: file, PIP_CERT: file });
  expect(await readFile(file, 'utf8')).toContain('-----BEGIN CERTIFICATE-----');
});

test('a cache that cannot be written to is named', async () => {
  const file = path.join(temporaryFolder(), 'file');
  await writeFile(file, '');
  await expect(withAuthorities({ NODE_EXTRA_CA_CERTS: 'a' }, file)).rejects.toMatchObject({ code: 'CACHE_NOT_WRITABLE' });
});
