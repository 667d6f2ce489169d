import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { AccessError } from '../../src/errors.ts';
import { lockedVersion } from '../../src/project/lock.ts';
import { proveServer } from '../../src/project/server-proof.ts';
import { temporaryFolder } from '../support/program.ts';
import { type Faults, fakeMlflow } from './fake-mlflow.ts';

async function prove(faults: Faults = {}, options: { version?: string; artifactMb?: number; password?: string } = {}) {
  const server = await fakeMlflow(faults);
  const client = { trackingUri: server.url, username: 'ann', password: options.password ?? 'hush' };
  const route = { proxyFor: () => undefined, authorities: [], signal: new AbortController().signal };
  const told: string[] = [];
  const { version = '3.17.2', artifactMb = 2 } = options;
  const proof = proveServer(client, route, { version, artifactMb, progress: (what) => told.push(what) });
  return { server, proof, told };
}

test('tells each thing that held and how long it took, and leaves nothing behind', async () => {
  const { server, proof, told } = await prove();
  const proven = await proof;
  expect(proven.map(({ what }) => what)).toEqual([
    'healthy',
    'closed without credentials',
    'open with them',
    'MLflow 3.17.2',
    '2 MB up and down',
  ]);
  expect(told).toEqual(proven.map(({ what }) => what));
  for (const { seconds } of proven) expect(seconds).toBeGreaterThanOrEqual(0);
  expect(server.artifacts.size).toBe(0);
  expect(server.asked.filter((line) => line.startsWith('PUT'))).toHaveLength(1);
});

test('takes away what a check left that was killed, and not what another one is at', async () => {
  const { server, proof } = await prove();
  const old = `mlflow-gcp-check/${Date.now() - 2 * 60 * 60_000}-0badcafe.bin`;
  const fresh = `mlflow-gcp-check/${Date.now()}-0badbeef.bin`;
  for (const name of [old, fresh, '0/model.pkl']) server.artifacts.set(name, Buffer.from('x'));
  await proof;
  expect([...server.artifacts.keys()].sort()).toEqual(['0/model.pkl', fresh].sort());
});

test('leaves out what is not wanted', async () => {
  const server = await fakeMlflow();
  const route = { proxyFor: () => undefined, authorities: [], signal: new AbortController().signal };
  const options = { version: undefined, artifactMb: 0, progress: () => undefined };
  const proven = await proveServer({ trackingUri: server.url, username: 'ann', password: 'hush' }, route, options);
  expect(proven).toHaveLength(3);
});

test.each<[string, Faults, string, RegExp]>([
  ['lets everybody in', { open: true }, 'SERVER_OPEN', /answers to anybody/],
  ['is not healthy', { unhealthy: true }, 'SERVER_FAILED', /500/],
  ['is of another version', { version: '3.16.0' }, 'SERVER_OTHER_VERSION', /runs MLflow 3\.16\.0, and uv\.lock says 3\.17\.2/],
  ['tells no version', { version: '<html>' }, 'SERVER_NOT_MLFLOW', /version/],
  ['takes no large artifact', { limit: 1_000_000 }, 'SERVER_FAILED', /does not take an artifact of 2 MB \(413\).*Too Large/],
  ['gives other bytes back', { garbles: true }, 'SERVER_FAILED', /another artifact than it took/],
])('a server that %s', async (_what, faults, code, message) => {
  const { server, proof } = await prove(faults);
  await expect(proof).rejects.toMatchObject({ code, message: expect.stringMatching(message), exitStatus: 1 });
  expect(server.artifacts.size).toBe(0);
});

test('wrong credentials end with status 3, and a server that is starting is asked again', async () => {
  const error = await (await prove({}, { password: 'other' })).proof.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(AccessError);
  expect(error).toMatchObject({ code: 'SERVER_UNAUTHORIZED' });
  const { proof, server } = await prove({ starting: 1 }, { artifactMb: 1 });
  expect(await proof).toHaveLength(5);
  expect(server.asked.filter((line) => line === 'GET /health')).toHaveLength(2);
});

test('the version of a package is read from uv.lock', async () => {
  const folder = temporaryFolder();
  expect(await lockedVersion(folder, 'mlflow')).toBeUndefined();
  const lock =
    'version = 1\n\n[[package]]\nname = "mlflow-skinny"\nversion = "1.0"\n\n[[package]]\nname = "mlflow"\nversion = "3.17.2"\n';
  await writeFile(path.join(folder, 'uv.lock'), lock);
  expect(await lockedVersion(folder, 'mlflow')).toBe('3.17.2');
  expect(await lockedVersion(folder, 'flask')).toBeUndefined();
});
