import { once } from 'node:events';
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http1, http2 } from './support/http.ts';
import { AUTHORIZATION, PASSWORD, renderedProject, type TestProject, type TestServer, USER, until } from './support/server.ts';

const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';

let project: TestProject;

beforeAll(async () => {
  project = await renderedProject();
});

afterAll(async () => project?.close());

describe('a start', () => {
  it.each([
    ['MLFLOW_TRACKING_USERNAME', '', /MLFLOW_TRACKING_USERNAME is missing or empty/],
    ['MLFLOW_TRACKING_PASSWORD', '  ', /MLFLOW_TRACKING_PASSWORD is missing or empty/],
    ['MLFLOW_TRACKING_USERNAME', 'a:b', /MLFLOW_TRACKING_USERNAME holds a colon/],
    ['MLFLOW_TRACKING_PASSWORD', 'secret-word\n', /MLFLOW_TRACKING_PASSWORD holds a line break/],
    ['MLFLOW_BACKEND_STORE_URI', '', /MLFLOW_BACKEND_STORE_URI is missing or empty/],
    ['MLFLOW_BACKEND_STORE_URI', 'secret-word', /MLFLOW_BACKEND_STORE_URI is not a database URL/],
    ['MLFLOW_ARTIFACTS_DESTINATION', '', /MLFLOW_ARTIFACTS_DESTINATION is missing or empty/],
    ['MLFLOW_TRACKING_URL', 'secret-word', /MLFLOW_TRACKING_URL is not an address/],
    ['PORT', 'eighty', /PORT is not a port number/],
  ])('is refused with %s=%j in one clear line', async (name, value, message) => {
    const server = await project.launch({ [name]: value });
    expect(await server.exit).toBe(1);
    expect(server.log()).toMatch(message);
    expect(server.log().trim().split('\n')).toHaveLength(1);
    expect(server.log()).not.toContain('secret-word');
  });

  it('names everything that is missing at once', async () => {
    const server = await project.launch({
      MLFLOW_TRACKING_USERNAME: '',
      MLFLOW_TRACKING_PASSWORD: '',
      MLFLOW_BACKEND_STORE_URI: '',
    });
    expect(await server.exit).toBe(1);
    for (const name of ['USERNAME', 'PASSWORD', 'BACKEND_STORE_URI']) expect(server.log()).toContain(name);
  });

  it('is refused at once on a port that another server has, of whatever kind', async () => {
    const ours = await project.start();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    for (const port of [ours.port, (other.address() as AddressInfo).port]) {
      const server = await project.launch({ PORT: String(port) });
      expect(await server.exit).toBe(1);
      expect(server.log().trim()).toBe(
        `ERROR app.server: The server cannot start: it cannot listen on 127.0.0.1:${port}: Address already in use.`,
      );
    }
    other.close();
  });

  it('ends at once when it is told to before it is up', async () => {
    const server = await project.launch();
    await pause(300);
    server.signal('SIGTERM');
    expect(await server.exit).not.toBe(0);
    expect(server.log()).not.toContain('Traceback');
  });

  it('takes its own address from MLFLOW_TRACKING_URL and listens on this machine alone', async () => {
    const server = await project.start({ MLFLOW_TRACKING_URL: 'https://mlflow.example.com:8443/' });
    expect(server.log()).toContain(`Serving on 127.0.0.1:${server.port}.`);
    const client = http1(server.port);
    const body = Buffer.from('{"max_results":1}');
    const search = { method: 'POST', path: '/ajax-api/2.0/mlflow/experiments/search', body };
    const ask = (host: string, origin: string) =>
      client.ask({ ...search, headers: { authorization: AUTHORIZATION, 'content-type': 'application/json', host, origin } });
    expect((await ask('mlflow.example.com:8443', 'https://mlflow.example.com:8443')).status).toBe(200);
    expect((await ask('mlflow.example.com', 'https://mlflow.example.com:8443')).status).toBe(403);
    expect((await ask('mlflow.example.com:8443', 'https://mlflow.example.com')).status).toBe(403);
    client.close();
  });
});

describe('an end by SIGTERM', () => {
  it('lets a request finish that has begun, takes no new one, and is a success', async () => {
    const server = await project.start();
    const upload = await halfAnUpload(server);
    server.signal('SIGTERM');
    await until(async () => {
      const refused = await fetch(`${server.url}/health`).then(
        () => false,
        () => true,
      );
      if (!refused) throw new Error('still takes connections');
    }, 5);
    upload.write('x'.repeat(20));
    expect(await firstLine(upload)).toBe('HTTP/1.1 200 OK');
    expect(await server.exit).toBe(0);
    expect(server.log()).not.toMatch(/Traceback|ERROR/);
  });

  it('does not wait for connections on which nothing happens', async () => {
    const server = await project.start();
    const h2 = http2(server.port);
    await h2.ask({ path: '/health' });
    const idle = connect(server.port, '127.0.0.1').on('error', () => undefined);
    const half = connect(server.port, '127.0.0.1', () => half.write('GET /vers')).on('error', () => undefined);
    await pause(200);
    const begin = Date.now();
    server.signal('SIGTERM');
    expect(await server.exit).toBe(0);
    expect(Date.now() - begin).toBeLessThan(4000);
    for (const socket of [idle, half]) socket.destroy();
    h2.close();
  });

  it('cuts off what does not finish, before Cloud Run would', async () => {
    const server = await project.start();
    const upload = await halfAnUpload(server);
    upload.on('error', () => undefined);
    const begin = Date.now();
    server.signal('SIGTERM');
    expect(await server.exit).toBe(0);
    expect(Date.now() - begin).toBeLessThan(9900);
    expect(server.log()).toContain('are cut off');
    expect(server.log()).not.toContain('Traceback');
    upload.destroy();
  });
});

describe('large artifacts', () => {
  const content = Buffer.alloc(40 * 1024 * 1024, 'mlflow ');

  it.each(Object.entries({ 'HTTP/1.1': http1, 'HTTP/2': http2 }))('go up and come down over %s', async (name, open) => {
    const server = await project.start({ TMPDIR: project.folder });
    const client = open(server.port);
    const target = `${ARTIFACTS}/0/${name.replace('/', '-')}.bin`;
    const headers = { authorization: AUTHORIZATION };
    expect((await client.ask({ method: 'PUT', path: target, headers, body: content })).status).toBe(200);
    const file = path.join(project.folder, 'artifacts', '0', path.basename(target));
    expect((await stat(file)).size).toBe(content.length);
    const down = await client.ask({ path: target, headers });
    expect(down.status).toBe(200);
    expect(down.body.equals(content)).toBe(true);
    client.close();
    server.signal('SIGTERM');
    expect(await server.exit).toBe(0);
    expect((await readdir(project.folder)).filter((entry) => entry.startsWith('tmp'))).toEqual([]);
  });
});

it('keeps nothing of an upload that its sender breaks off', async () => {
  const temporary = path.join(project.folder, 'temporary');
  const artifacts = path.join(project.folder, 'artifacts', '0');
  for (const folder of [temporary, artifacts]) await mkdir(folder, { recursive: true });
  const before = await readdir(artifacts);
  const server = await project.start({ TMPDIR: temporary });
  const upload = await halfAnUpload(server, 'broken-off.bin');
  expect([...(await readdir(artifacts)), ...(await readdir(temporary))].length).toBeGreaterThan(before.length);
  upload.destroy();
  await until(async () => {
    expect(await readdir(artifacts)).toEqual(before);
    expect(await readdir(temporary)).toEqual([]);
  }, 5);
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
});

it('runs in a folder that it may not write to, as the user of the image', async () => {
  const own = await renderedProject();
  await chmod(own.folder, 0o555);
  try {
    const server = await own.start({
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${project.folder}/read-only.db`,
      MLFLOW_ARTIFACTS_DESTINATION: `file://${project.folder}/read-only`,
      PYTHONDONTWRITEBYTECODE: '1',
    });
    const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, {
      headers: { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` },
    });
    expect(response.status).toBe(200);
    const before = ['app', 'deploy', 'entry-point.sh', 'pyproject.toml'];
    expect(await readdir(own.folder)).toEqual(expect.arrayContaining(before));
    expect((await readdir(own.folder)).filter((name) => /^mlruns|\.db$/.test(name))).toEqual([]);
  } finally {
    await chmod(own.folder, 0o755);
    await own.close();
  }
});

async function halfAnUpload(server: TestServer, name = 'slow.bin'): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  const head = [
    `PUT ${ARTIFACTS}/0/${name} HTTP/1.1`,
    'Host: localhost',
    `Authorization: ${AUTHORIZATION}`,
    'Content-Length: 30',
  ];
  socket.write([...head, '', '0123456789'].join('\r\n'));
  await pause(500);
  return socket;
}

async function firstLine(socket: Socket): Promise<string> {
  for await (const chunk of socket) return String(chunk).split('\r\n')[0] ?? '';
  return '';
}
