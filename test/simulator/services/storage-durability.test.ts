import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callSimulator } from '../../support/simulator.ts';

const B = 'https://storage.googleapis.com/storage/v1/b';
const U = 'https://storage.googleapis.com/upload/storage/v1/b';
let folder: string;
let child: ChildProcess;
let port: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'));
  await start();
  const made = await callSimulator(port, 'POST', `${B}?project=mlflow-local`, { name: 'durable-1' });
  expect(made.status).toBe(200);
});
afterEach(async () => {
  await kill();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  child = spawn(process.execPath, [join(import.meta.dirname, 'simulator-program.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  port = Number(String(line));
}
async function kill(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('whatever was answered before a kill is there after it, and nothing else is left', async () => {
  const answered = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    let killed = false;
    const writers = [0, 1, 2].map(async (writer) => {
      for (let count = 0; !killed; count++) {
        const name = `r${round}-w${writer}-${count % 7}`;
        const data = randomBytes(50_000 + count);
        const answer = await callSimulator(port, 'POST', `${U}/durable-1/o?uploadType=media&name=${name}`, data).catch(
          () => undefined,
        );
        // An answer that was lost leaves open whether the write was done.
        if (answer?.status === 200) answered.set(name, createHash('md5').update(data).digest('base64'));
        else answered.delete(name);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 70));
    killed = true;
    await kill();
    await Promise.all(writers);
    await start();
  }
  expect(answered.size).toBeGreaterThan(10);
  for (const [name, md5] of answered) {
    const { status, bytes } = await callSimulator(port, 'GET', `${B}/durable-1/o/${name}?alt=media`);
    expect([name, status, createHash('md5').update(bytes).digest('base64')]).toEqual([name, 200, md5]);
  }
  const listed = (await callSimulator(port, 'GET', `${B}/durable-1/o`)).body.items;
  expect(await readdir(join(folder, 'files', 'storage-content'))).toHaveLength(listed.length);
});

test('a resumable upload goes on after a kill', async () => {
  const data = randomBytes(1_000_000);
  const opened = await callSimulator(port, 'POST', `${U}/durable-1/o?uploadType=resumable&name=big`, {});
  const session = String(opened.headers.location);
  const send = (from: number, to: number) =>
    callSimulator(port, 'PUT', session, data.subarray(from, to), {
      headers: { 'content-range': `bytes ${from}-${to - 1}/${to === data.length ? to : '*'}` },
    });
  expect((await send(0, 524_288)).status).toBe(308);
  await kill();
  await start();
  const told = await callSimulator(port, 'PUT', session, '', { headers: { 'content-range': 'bytes */1000000' } });
  expect(told.headers.range).toBe('bytes=0-524287');
  expect((await send(524_288, data.length)).body.md5Hash).toBe(createHash('md5').update(data).digest('base64'));
});

test.runIf(process.platform === 'linux')('an upload and a download of 200 MB take little memory', async () => {
  const peak = async () => Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  const chunk = Buffer.alloc(1 << 20, 7);
  const before = await peak();
  const status = await new Promise<number>((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/upload/storage/v1/b/durable-1/o?uploadType=media&name=large',
        headers: { host: 'storage.googleapis.com', authorization: 'Bearer x' },
      },
      (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
    );
    call.on('error', reject);
    void (async () => {
      for (let count = 0; count < 200; count++) if (!call.write(chunk)) await once(call, 'drain');
      call.end();
    })();
  });
  expect(status).toBe(200);
  const bytes = await new Promise<number>((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path: '/storage/v1/b/durable-1/o/large?alt=media',
        headers: { host: 'storage.googleapis.com', authorization: 'Bearer x' },
      },
      (response) => {
        let total = 0;
        response.on('data', (data: Buffer) => {
          total += data.length;
        });
        response.on('end', () => resolve(total));
      },
    );
    call.on('error', reject).end();
  });
  expect(bytes).toBe(200 << 20);
  expect((await peak()) - before).toBeLessThan(100 * 1024);
});
