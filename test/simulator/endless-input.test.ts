import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callSimulator } from '../support/simulator.ts';

// Bodies that never end, at every door that takes one, at a simulator in a process of its own, whose memory can be looked at.
/** Thrice what the most patient door takes. */
const SENT_BYTES = 64 << 20;
const BUCKET = 'endless-bucket';
const REPOSITORY = 'us-central1-docker.pkg.dev';
const DOORS: Array<[string, string, string]> = [
  ['a method', 'secretmanager.googleapis.com', '/v1/projects/mlflow-local/secrets?secretId=endless'],
  ['a method of an older API', 'sqladmin.googleapis.com', '/sql/v1beta4/projects/mlflow-local/instances'],
  ['an update in place of a method', 'storage.googleapis.com', `/storage/v1/b?project=mlflow-local`],
  ['the metadata of an upload', 'storage.googleapis.com', `/upload/storage/v1/b/${BUCKET}/o?uploadType=resumable&name=endless`],
  ['a batch', 'storage.googleapis.com', '/batch/storage/v1'],
  ['an upload in parts', 'storage.googleapis.com', `/${BUCKET}/endless?uploadId=none`],
  ['a token exchange', 'oauth2.googleapis.com', '/token'],
  ['the exchange of a token from outside', 'sts.googleapis.com', '/v1/token'],
  ['a manifest', REPOSITORY, '/v2/mlflow-local/endless/app/manifests/v1'],
  ['faults', '127.0.0.1', '/_simulator/faults'],
  ['permissions', '127.0.0.1', '/_simulator/permissions'],
  ['tokens', '127.0.0.1', '/_simulator/tokens'],
  ['policies of the organisation', '127.0.0.1', '/_simulator/orgpolicy'],
];

const folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-endless-'));
let child: ChildProcess;
let port: number;
const until = (holds: () => Promise<boolean>) =>
  vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 20_000, interval: 20 });

beforeAll(async () => {
  const program = join(import.meta.dirname, 'services/simulator-program.ts');
  child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  port = Number(String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]));
  const enabled = 'https://serviceusage.googleapis.com/v1/projects/mlflow-local/services:batchEnable';
  const serviceIds = ['secretmanager', 'sqladmin', 'artifactregistry'].map((name) => `${name}.googleapis.com`);
  const { body } = await callSimulator(port, 'POST', enabled, { serviceIds });
  await until(async () => (await callSimulator(port, 'GET', `https://serviceusage.googleapis.com/v1/${body.name}`)).body.done);
  await callSimulator(port, 'POST', 'https://storage.googleapis.com/storage/v1/b?project=mlflow-local', { name: BUCKET });
  const repositories = 'https://artifactregistry.googleapis.com/v1/projects/mlflow-local/locations/us-central1/repositories';
  await callSimulator(port, 'POST', `${repositories}?repositoryId=endless`, { format: 'DOCKER' });
  await until(async () => (await callSimulator(port, 'GET', `${repositories}/endless`)).status === 200);
});
afterAll(async () => {
  child.kill();
  if (child.exitCode === null) await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

/** Sends a body in pieces until the other side ends it. @returns what came back, and how many bytes were taken */
async function sendEndlessly(host: string, path: string): Promise<{ answer: string; sent: number }> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  let sent = 0;
  let open = true;
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      open = false;
      resolve();
    }),
  );
  const method = /\/(manifests)\//.test(path) || path.includes('uploadId') ? 'PUT' : 'POST';
  const type = path === '/token' ? 'application/x-www-form-urlencoded' : 'application/json';
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer x\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const piece = Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`);
  while (open && sent < SENT_BYTES) {
    const taken = socket.write(piece);
    sent += piece.length;
    if (!taken) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
  }
  socket.destroy();
  await closed;
  return { answer, sent };
}

test.each(DOORS)('%s takes no body without end', async (_what, host, path) => {
  const { answer, sent } = await sendEndlessly(host, path);
  expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer.slice(0, 200)).toBe(true);
  expect(sent).toBeLessThan(SENT_BYTES);
});

test.runIf(process.platform === 'linux')('thirty of them at once take little memory, and leave nothing behind', async () => {
  const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  const files = () => readdirSync(join(folder, 'files'), { recursive: true }).length;
  const before = { peak: peak(), files: files() };
  const doors = Array.from({ length: 30 }, (_, number) => DOORS[number % DOORS.length] as (typeof DOORS)[number]);
  await Promise.all(doors.map(([, host, path]) => sendEndlessly(host, path)));
  // Some 350 MB are taken before all are refused; garbage waits for its collection.
  expect(peak() - before.peak).toBeLessThan(250 * 1024);
  expect((await callSimulator(port, 'GET', 'http://127.0.0.1/_simulator/faults')).status).toBe(200);
  expect(files()).toBe(before.files);
});
