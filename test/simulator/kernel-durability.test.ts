import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Service } from '../../src/local/simulator/service.ts';
import { startSimulator } from '../../src/local/simulator/simulator.ts';
import { callSimulator, DISCOVERY_DIR, startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const SECRETS = 'https://secretmanager.googleapis.com/v1/projects/mlflow-local/secrets';
const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startChild(dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kernel-child.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, port: Number(line) };
}

describe('a kill at any moment', () => {
  test('loses no answered write and leaves a folder that can be read', async () => {
    const dataDir = await temporaryFolder();
    const answered: string[] = [];
    let next = 0;
    for (let round = 0; round < 3; round++) {
      const { child, port } = await startChild(dataDir);
      const dead = once(child, 'exit');
      const writer = async (): Promise<void> => {
        for (;;) {
          const id = `s${next++}`;
          try {
            const { status } = await callSimulator(port, 'POST', `${SECRETS}?secretId=${id}`, { labels: { id } });
            if (status !== 200) throw new Error(`status ${status}`);
            answered.push(id);
            const full = answered.length % 100 === 0;
            if (full && answered.length >= (round + 1) * 100) child.kill('SIGKILL');
          } catch (error) {
            if (child.signalCode === null && child.exitCode === null && !child.killed) throw error;
            return;
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, writer));
      await dead;
    }
    const { port } = await startChild(dataDir);
    const { body } = await callSimulator(port, 'GET', SECRETS);
    const kept = new Set(body.secrets.map((secret: { labels: { id: string } }) => secret.labels.id));
    expect(answered.length).toBeGreaterThanOrEqual(300);
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  });

  test('has operations that were under way run again', async () => {
    const dataDir = await temporaryFolder();
    const first = await startChild(dataDir);
    // At this speed due in 30 ms: the kill comes before that.
    const started = await callSimulator(first.port, 'POST', `${SECRETS}/x:addVersion`, { payload: { data: 'YWJj' } });
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const { port } = await startChild(dataDir);
    const done = await callSimulator(port, 'GET', `${SECRETS}/x/versions/${started.body.name}`);
    expect(done.body).toEqual({ name: 'done', etag: '{"added":true}' });
    expect((await callSimulator(port, 'GET', SECRETS)).body.secrets).toHaveLength(1);
  });
});

describe('the folder', () => {
  test('is used by one simulator at a time, and free again when that was killed', async () => {
    const dataDir = await temporaryFolder();
    const { child } = await startChild(dataDir);
    const second = spawn(process.execPath, [join(import.meta.dirname, 'kernel-child.ts'), dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    second.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const [status] = (await once(second, 'exit')) as [number];
    expect(status).toBe(1);
    expect(text).toContain('Another simulator is using');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await startChild(dataDir);
  });

  test('is for its owner alone', async () => {
    const sim = await startTestSimulator({ services: [testService] });
    cleanup.push(() => sim.remove());
    await sim.sim.authority.issue(['example.com']);
    for (const name of ['records.sqlite', 'ca-key.pem', 'token-key', 'requests.ndjson']) {
      expect([name, (await stat(join(sim.dataDir, name))).mode & 0o077]).toEqual([name, 0]);
    }
    expect((await stat(sim.sim.store.folder('things'))).mode & 0o077).toBe(0);
  });

  test('says so when it is not the simulator’s', async () => {
    const dataDir = await temporaryFolder();
    await writeFile(join(dataDir, 'records.sqlite'), 'this is not a database, however long one looks at it '.repeat(100));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'kernel-child.ts'), dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child, 'exit');
    expect(text).toContain('SIMULATOR_DATA_UNREADABLE');
  });
});

describe('a start', () => {
  test('restores what was running before it answers, and knows its port then', async () => {
    const order: string[] = [];
    const dataDir = await temporaryFolder();
    const restoring: Service = {
      ...testService,
      restore: async (sim) => {
        order.push(sim.port() > 0 ? 'port known' : 'port unknown');
        const early = callSimulator(sim.port(), 'GET', SECRETS).then(() => order.push('answered'));
        cleanup.push(() => early);
        await new Promise((resolve) => setTimeout(resolve, 50));
        order.push('restored');
      },
    };
    const simulator = await startSimulator({ port: 0, dataDir, discoveryDir: DISCOVERY_DIR, services: [restoring] });
    cleanup.push(() => simulator.stop());
    await expect.poll(() => order).toEqual(['port known', 'restored', 'answered']);
  });

  test('that fails leaves neither the port nor the folder taken', async () => {
    const dataDir = await temporaryFolder();
    const failing: Service = { ...testService, restore: () => Promise.reject(new Error('cannot restore')) };
    const start = (services: Service[]) => startSimulator({ port: 0, dataDir, discoveryDir: DISCOVERY_DIR, services });
    await expect(start([failing])).rejects.toThrow('cannot restore');
    const simulator = await start([testService]);
    await Promise.all([simulator.stop(), simulator.stop()]);
  });
});

describe('a handler', () => {
  test('that throws leaves nothing behind, in memory or on disk', async () => {
    const sim = await startTestSimulator({ services: [testService] });
    cleanup.push(() => sim.remove());
    const failed = await sim.call('POST', `${SECRETS}?secretId=a`, { annotations: { fail: 'late' } });
    expect(failed.status).toBe(500);
    expect(failed.body.error).toMatchObject({ status: 'INTERNAL', details: [{ detail: 'a bug after writing' }] });
    expect(sim.bugs).toHaveLength(1);
    expect((await sim.call('GET', `${SECRETS}/a`)).status).toBe(404);
    await sim.restart();
    expect((await sim.call('GET', `${SECRETS}/a`)).status).toBe(404);
    expect((await sim.call('POST', `${SECRETS}?secretId=a`, {})).status).toBe(200);
    expect((await sim.call('POST', `${SECRETS}?secretId=a`, {})).status).toBe(409);
  });

  test('cannot change a record in passing', async () => {
    const sim = await startTestSimulator({ services: [testService] });
    cleanup.push(() => sim.remove());
    const { store } = sim.sim;
    store.put('k', 'a', { list: [1] });
    (store.get<{ list: number[] }>('k', 'a') as { list: number[] }).list.push(2);
    expect(store.get('k', 'a')).toEqual({ list: [1] });
    for (const key of ['b/2', 'b/10', 'b', 'ba', 'c', 'b/1']) store.put('k', key, {});
    expect(store.list('k', 'b/').map(({ key }) => key)).toEqual(['b/1', 'b/10', 'b/2']);
    store.delete('k', 'b/10');
    expect(store.list('k', 'b/').map(({ key }) => key)).toEqual(['b/1', 'b/2']);
    expect(store.list('k')).toHaveLength(6);
  });
});

describe('an operation', () => {
  test('ends with its response, its error, or as INTERNAL; only a fault undoes what was written', async () => {
    const sim = await startTestSimulator({ services: [testService] });
    cleanup.push(() => sim.remove());
    const end = async (payload: string): Promise<unknown> => {
      const { body } = await sim.call('POST', `${SECRETS}/x:addVersion`, { payload: { data: payload } });
      return JSON.parse((await sim.call('GET', `${SECRETS}/x/versions/${body.name}`)).body.etag);
    };
    expect(await end('YWJj')).toEqual({ added: true });
    expect(await end('cmVmdXNl')).toMatchObject({ status: 'ABORTED', message: 'refused' });
    expect(await end('YnVn')).toMatchObject({ status: 'INTERNAL' });
    expect(sim.sim.store.list('test.secrets').map(({ key }) => key.split('/').at(-1))).toEqual(['added', 'refused']);
    expect(sim.bugs).toHaveLength(1);
  });

  test('takes its usual time divided by the speed', async () => {
    const sim = await startTestSimulator({ services: [testService], speed: 100 });
    cleanup.push(() => sim.remove());
    const begin = performance.now();
    const { body } = await sim.call('POST', `${SECRETS}/x:addVersion`, { payload: { data: 'YWJj' } });
    await sim.call('GET', `${SECRETS}/x/versions/${body.name}`);
    // 30 s usually.
    expect(performance.now() - begin).toBeGreaterThan(295);
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  test('does not keep the simulator from stopping', async () => {
    const sim = await startTestSimulator({ services: [testService], speed: 0.001 });
    const { body } = await sim.call('POST', `${SECRETS}/x:addVersion`, { payload: { data: 'YWJj' } });
    const waiting = sim.sim.operations.wait(body.name, 60_000);
    await sim.remove();
    expect((await waiting).done).toBe(false);
  });
});
