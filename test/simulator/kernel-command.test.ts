import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { expect, onTestFinished, test } from 'vitest';
import { runChild, startChild, temporaryFolder, until } from '../support/program.ts';
import { callSimulator } from '../support/simulator.ts';

interface ReadyLine {
  port: number;
  ca: string;
  project: string;
  projectNumber: string;
}

async function start(args: string[]): Promise<ReturnType<typeof startChild> & { ready: ReadyLine }> {
  const child = startChild(['simulator', ...args]);
  const line = await until('the simulator is ready', () => {
    if (child.process.exitCode !== null) throw new Error(child.texts.stderr);
    return child.texts.stdout.split('\n')[1] === '' && child.texts.stdout;
  });
  return { ...child, ready: JSON.parse(line) };
}

test('says in one line where it is, answers there, and ends with Ctrl-C', async () => {
  const data = path.join(temporaryFolder(), 'cloud');
  const { ready, process, outcome } = await start(['--data', data, '--project', 'my-project-1']);
  expect(ready).toEqual({
    port: expect.any(Number),
    ca: path.join(data, 'ca.pem'),
    project: 'my-project-1',
    projectNumber: expect.stringMatching(/^\d{12}$/),
  });
  const agent = new HttpsProxyAgent(`http://127.0.0.1:${ready.port}`);
  const call = httpsRequest({
    host: 'cloudresourcemanager.googleapis.com',
    path: '/v1/projects/my-project-1',
    agent,
    ca: await readFile(ready.ca, 'utf8'),
    headers: { authorization: 'Bearer x' },
  }).end();
  const [response] = await once(call, 'response');
  expect(JSON.parse(await text(response))).toMatchObject({
    projectId: 'my-project-1',
    projectNumber: ready.projectNumber,
    lifecycleState: 'ACTIVE',
  });
  process.kill('SIGINT');
  const { status, stderr } = await outcome;
  expect([status, stderr]).toEqual([0, expect.not.stringMatching(/warning|error/i)]);
});

test('keeps its state over a kill, and refuses a second one over the same folder', async () => {
  const data = temporaryFolder();
  const first = await start(['--data', data]);
  const buckets = `https://storage.googleapis.com/storage/v1/b?project=${first.ready.project}`;
  expect((await callSimulator(first.ready.port, 'POST', buckets, { name: 'kept-bucket' })).status).toBe(200);
  const second = await runChild(['simulator', '--data', data, '--json']);
  expect(second.status).toBe(1);
  expect(JSON.parse(second.stdout)).toMatchObject({
    ok: false,
    error: { code: 'SIMULATOR_DATA_IN_USE', hint: expect.stringContaining('--data') },
  });
  first.process.kill('SIGKILL');
  await first.outcome;
  const third = await start(['--data', data]);
  expect(third.ready).toMatchObject({
    project: first.ready.project,
    projectNumber: first.ready.projectNumber,
    ca: first.ready.ca,
  });
  expect((await callSimulator(third.ready.port, 'GET', buckets)).body.items).toMatchObject([{ name: 'kept-bucket' }]);
  expect((await stat(data)).mode & 0o022).toBe(0);
});

test('says what to do when the port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { status, stdout } = await runChild(['simulator', '--port', String(port), '--data', temporaryFolder(), '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(String(port)),
    hint: expect.stringContaining('--port'),
  });
});

test.each([
  [['--port', 'x'], 'port'],
  [['--speed', '0'], 'speed'],
])('refuses %j as wrong usage', async (args, word) => {
  const { status, stderr } = await runChild(['simulator', ...args]);
  expect(status).toBe(2);
  expect(stderr).toContain(word);
});

test('says so when it cannot write', async () => {
  const { status, stdout } = await runChild(['simulator', '--data', '/dev/null/simulator', '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'SIMULATOR_DATA_NOT_WRITABLE',
    hint: expect.stringContaining('--data'),
  });
});
