import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { REGION, startWorld } from './world.ts';

test('Google’s own Node libraries work through the proxy', async () => {
  const world = await startWorld();
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'clients-program.ts')], {
      env: {
        PATH: process.env['PATH'],
        PROJECT: world.project,
        REGION,
        HTTPS_PROXY: world.sim.url,
        NODE_EXTRA_CA_CERTS: world.sim.ca,
        NO_PROXY: '127.0.0.1,localhost',
        NODE_NO_WARNINGS: '1',
      },
      timeout: 50_000,
    });
    const { storage, run, secrets, apis } = JSON.parse(stdout);
    expect(storage).toEqual({
      same: true,
      part: 'there',
      packed: false,
      unpacked: 900,
      names: ['dir/large.bin', 'dir/small.txt'],
      combined: 'hello therehello there',
      metadata: { contentType: 'text/plain', custom: { who: 'me' }, size: '11' },
      refused: 412,
      roles: 2,
      gone: false,
    });
    expect(run).toEqual({
      missing: 5,
      state: 4,
      uri: expect.stringMatching(/^https:\/\/library-[a-z2-7]{10}-uc\.a\.run\.app$/),
      timeout: { seconds: '300' },
      labels: { a: 'b' },
      again: 6,
      listed: [`projects/${world.project}/locations/${REGION}/services/library`],
    });
    expect(secrets).toEqual({
      data: 'hush',
      disabled: 'DISABLED',
      refused: 9,
      members: ['user:a@example.com'],
      states: ['DISABLED'],
      missing: 5,
    });
    expect(apis).toEqual({
      status: 'DONE',
      taken: 409,
      instances: [{ name: 'library', state: 'RUNNABLE' }],
      email: `library@${world.project}.iam.gserviceaccount.com`,
      enabled: true,
    });
    expect(world.sim.bugs).toEqual([]);
  } finally {
    await world.remove();
  }
});
