import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate as OtherReader } from '@peculiar/x509';
import { afterAll, expect, test } from 'vitest';
import { openAuthority } from '../../src/local/simulator/authority.ts';
import { serverExtensions, subjectKeyExtension, writeCertificate } from '../../src/local/simulator/certificate-form.ts';

const folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-authority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what the authority issues is its own, for these names, and for servers alone', async () => {
  const authority = openAuthority(folder);
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

test('after a restart the same names get the same', async () => {
  const [before, after] = [openAuthority(folder), openAuthority(folder)];
  expect(after.certificate).toBe(before.certificate);
  expect(await after.issue(['run.googleapis.com'])).toEqual(await before.issue(['run.googleapis.com']));
});

test('another reader understands long ones, and times from 2050 on', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = Array.from({ length: 400 }, (_, number) => `host-${number}.example.org`);
  const subject = { commonName: 'Müller', organization: 'mlflow-gcp' };
  const notAfter = new Date('2051-02-03T04:05:06Z');
  const extensions = [...serverExtensions(names), subjectKeyExtension(publicKey)];
  const facts = {
    serial: Buffer.from([0x51, 2]),
    issuer: subject,
    subject,
    notBefore: new Date('2026-01-02T03:04:05Z'),
    notAfter,
  };
  const read = new OtherReader(writeCertificate({ ...facts, publicKey, extensions }, privateKey));
  expect(read.subject).toBe('CN=Müller, O=mlflow-gcp');
  expect([read.serialNumber, read.notAfter, read.notBefore]).toEqual(['5102', notAfter, facts.notBefore]);
  expect(read.getExtension('2.5.29.17')?.value.byteLength).toBeGreaterThan(8000);
});
