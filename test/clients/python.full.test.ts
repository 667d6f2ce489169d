import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startChecked } from '../simulator/services/checked-simulator.ts';
import { librariesPython } from '../support/google-python.ts';

const run = promisify(execFile);

test('Google’s Python libraries for storage and secrets work over REST through the proxy', async () => {
  const python = await librariesPython();
  const sim = await startChecked(['secretmanager']);
  try {
    const { stdout } = await run(python, [path.join(import.meta.dirname, 'google-libraries.py')], {
      env: {
        PATH: process.env['PATH'],
        HOME: sim.dataDir,
        PROJECT: sim.project.projectId,
        HTTPS_PROXY: sim.url,
        NO_PROXY: '127.0.0.1,localhost',
        REQUESTS_CA_BUNDLE: sim.ca,
      },
      timeout: 120_000,
    });
    const { storage, secrets } = JSON.parse(stdout);
    expect(storage).toEqual({
      same: true,
      part: 'again',
      before: 'hello there',
      names: ['dir/large.bin', 'dir/small.txt'],
      copies: ['copies/one', 'copies/two'],
      refused: 412,
      viewers: ['user:a@example.com'],
      labels: { a: 'b' },
      location: 'EUROPE-WEST1',
      gone: 404,
    });
    expect(secrets).toEqual({
      name: `projects/${sim.project.projectNumber}/secrets/pw`,
      data: Buffer.from('hush \xff', 'latin1').toString('hex'),
      checksum: expect.any(Number),
      states: ['DISABLED', 'DESTROYED'],
      refused: 400,
      twice: 409,
      latest: 'second',
      versions: ['ENABLED', 'DESTROYED'],
      members: ['user:a@example.com'],
      labels: { c: 'd' },
      left: [],
    });
    expect(sim.bugs).toEqual([]);
  } finally {
    await sim.remove();
  }
});
