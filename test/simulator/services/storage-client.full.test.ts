import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { metadataServer } from '../../../src/local/simulator/services/metadata.ts';
import { serverEnvironment } from '../../support/python.ts';
import { startTestSimulator } from '../../support/simulator.ts';

test('Google’s Python library works with credentials of the metadata server, through the proxy', async () => {
  const sim = await startTestSimulator();
  const serviceAccount = `${sim.project.projectNumber}-compute@developer.gserviceaccount.com`;
  const metadata = createServer(
    metadataServer({
      ...sim.project,
      serviceAccount,
      region: 'us-central1',
      token: (scopes) => ({ accessToken: sim.sim.tokens.issue(serviceAccount, { scopes }), expiresInSeconds: 3599 }),
    }),
  );
  await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
  try {
    const python = join(await serverEnvironment(), 'bin/python');
    const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, 'storage-client.py')], {
      env: {
        PATH: process.env['PATH'],
        HOME: sim.dataDir,
        GCE_METADATA_HOST: address,
        GCE_METADATA_IP: address,
        HTTPS_PROXY: sim.url,
        REQUESTS_CA_BUNDLE: sim.ca,
        SSL_CERT_FILE: sim.ca,
        NO_PROXY: '127.0.0.1,localhost',
      },
      timeout: 120_000,
    });
    expect(JSON.parse(stdout)).toEqual({
      email: serviceAccount,
      same: true,
      range: 'ell',
      refused: true,
      names: ['at-once.bin', 'chunked.bin'],
      prefixes: ['a/'],
      composed: 6_000_000,
      parts: 12_000_000,
      renamed: 'renamed',
      role: 'roles/storage.legacyBucketOwner',
      left: ['chunked.bin', 'parts.bin', 'renamed'],
      gone: true,
    });
    expect(sim.bugs).toEqual([]);
  } finally {
    metadata.close();
    await sim.remove();
  }
});
