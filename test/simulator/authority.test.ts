import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openAuthority } from '../../src/local/simulator/authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-authority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what the authority issues is its own, for these names, and for servers alone', async () => {
  const authority = await openAuthority(folder);
  const own = new X509Certificate(readFileSync(authority.certificateFile));
  expect([own.ca, own.checkIssued(own), own.verify(own.publicKey)]).toEqual([true, true, true]);
  const names = ['run.googleapis.com', '*.run.app', '127.0.0.1', '::1', '2001:db8::1:0'];
  const { certificate, key } = await authority.issue(names);
  const leaf = new X509Certificate(certificate);
  expect([leaf.ca, leaf.checkIssued(own), leaf.verify(own.publicKey)]).toEqual([false, true, true]);
  expect(leaf.checkHost('run.googleapis.com')).toBe('run.googleapis.com');
  expect(leaf.checkHost('mlflow.run.app')).toBe('*.run.app');
  expect(leaf.checkHost('example.org')).toBeUndefined();
  for (const address of ['127.0.0.1', '::1', '2001:db8::1:0']) expect(leaf.checkIP(address)).toBe(address);
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(createPublicKey(key).equals(leaf.publicKey)).toBe(true);
  expect(statSync(join(folder, 'ca-key.pem')).mode & 0o777).toBe(0o600);
  expect(leaf.validToDate.getTime() - Date.now()).toBeLessThan(398 * 86_400_000);
});
