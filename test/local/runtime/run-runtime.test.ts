import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackUrlOf } from '../../../src/local/runtime/run/doors-file.ts';
import { RevisionFailed } from '../../../src/local/runtime-port.ts';
import { fakeServerSource, front, type RunPlace, revisionOf, runPlace, SERVICE, SERVICE_URL } from './run-setup.ts';

interface Seen {
  answer: string;
  pid: number;
  url: string;
  headers: string[];
  env: Record<string, string>;
  cwd: string;
}

let place: RunPlace;
let digest: string;
let service: Awaited<ReturnType<typeof front>>;

beforeAll(async () => {
  place = await runPlace();
  digest = await place.build(await fakeServerSource());
  service = await front(() => place.run);
});
afterAll(async () => {
  service.server.closeAllConnections();
  service.server.close();
  await place.remove();
});

const seen = async (url = service.url, init?: RequestInit): Promise<Seen> =>
  (await (await fetch(`${url}/seen`, init)).json()) as Seen;
const serve = async (name: string, changes = {}) => {
  await place.run.start(revisionOf(digest, name, changes));
  await place.run.serve(SERVICE, name);
};
const logOf = (revision: string) => {
  const folder = join(place.folder, 'logs', 'services');
  return join(folder, readdirSync(folder)[0] ?? '', `${revision}.log`);
};
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const headerOf = ({ headers }: Seen, name: string) =>
  headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
/** A request as it is written, and the whole of what came back. */
const raw = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(text.replaceAll('\n', '\r\n'));
  return (await buffer(socket)).toString();
};

describe('a revision', () => {
  it('answers 503 as long as none serves', async () => {
    expect((await fetch(service.url)).status).toBe(503);
    expect(place.run.loopbackUrl(SERVICE)).toBeUndefined();
  });

  it('runs with the environment of Cloud Run and nothing of ours', async () => {
    process.env['SOMETHING_SECRET'] = 'of the user';
    await serve('first', {
      cloudSqlInstances: ['p:r:i'],
      env: {
        DATABASE: 'postgresql://u:p@/db?host=/cloudsql/p:r:i',
        ENCODED: 'postgresql://u:p@/db?host=%2Fcloudsql%2Fp%3Ar%3Ai',
        OTHER: '/cloudsql/p:r:i-2',
        HTTPS_PROXY: 'http://elsewhere',
        https_proxy: 'http://elsewhere',
        MLFLOW_HOST: '0.0.0.0',
      },
    });
    const { env, cwd } = await seen();
    expect(env).toMatchObject({
      K_SERVICE: 'mlflow',
      K_REVISION: 'first',
      K_CONFIGURATION: 'mlflow',
      DATABASE: 'postgresql://u:p@/db?host=/short/socket',
      ENCODED: 'postgresql://u:p@/db?host=%2Fshort%2Fsocket',
      OTHER: '/cloudsql/p:r:i-2',
      HTTPS_PROXY: 'http://127.0.0.1:4',
      https_proxy: 'http://127.0.0.1:4',
      NO_PROXY: '127.0.0.1,localhost',
      SSL_CERT_FILE: '/some/ca.pem',
      REQUESTS_CA_BUNDLE: '/some/ca.pem',
      MLFLOW_HOST: '127.0.0.1',
    });
    expect(env).not.toHaveProperty('SOMETHING_SECRET');
    expect(env['HOME']).toContain(place.folder);
    expect(env['TMPDIR']).toContain(place.folder);
    expect(cwd).toContain(join(place.folder, 'builds'));
    expect(await (await fetch(`http://${env['GCE_METADATA_HOST']}/`)).text()).toBe('runner@p.iam.gserviceaccount.com');
  });

  it('is started once, however often it is asked for', async () => {
    await serve('again');
    const { pid } = await seen();
    await serve('again');
    expect((await seen()).pid).toBe(pid);
  });

  it('replaces the one before only when it is ready; what that one has begun is finished', async () => {
    await serve('old');
    const { pid } = await seen();
    const slow = fetch(`${service.url}/slow?ms=1500`).then((response) => response.text());
    await place.run.start(revisionOf(digest, 'new'));
    expect((await seen()).answer).toBe('old');
    await place.run.serve(SERVICE, 'new');
    expect((await seen()).answer).toBe('new');
    expect(isAlive(pid)).toBe(true);
    expect(await slow).toBe('begin end');
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });

  it('that ends before it is ready fails with its last lines, and the one before keeps serving', async () => {
    await serve('good');
    const failure = await place.run
      .start(revisionOf(digest, 'bad', { env: { FAKE_FAULT: 'exit' } }))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RevisionFailed);
    expect(failure).toMatchObject({ reason: 'HealthCheckContainerError' });
    expect((failure as RevisionFailed).logTail.slice(-2)).toEqual([
      'the database is not there',
      'The container ended (exit status 3).',
    ]);
    expect((await seen()).answer).toBe('good');
  });

  it('that never passes its probe fails when the probe’s time is over, and is ended', async () => {
    const probe = { path: '/health', periodSeconds: 1, failureThreshold: 3, timeoutSeconds: 1, initialDelaySeconds: 0 };
    const start = place.run.start(revisionOf(digest, 'unready', { startupProbe: probe, env: { FAKE_FAULT: 'unready' } }));
    await expect(start).rejects.toThrow('not ready within 3 s: /health answered 500');
    expect(readdirSync(join(place.folder, 'processes'))).toHaveLength(1);
  });

  it('whose port is named h2c has to speak HTTP/2', async () => {
    const probe = { path: '/health', periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 1, initialDelaySeconds: 0 };
    await expect(place.run.start(revisionOf(digest, 'no-h2c', { startupProbe: probe, protocol: 'h2c' }))).rejects.toThrow(
      'not ready within 1 s',
    );
  });

  it('is started once by two calls at the same time', async () => {
    const both = [place.run.start(revisionOf(digest, 'twice')), place.run.start(revisionOf(digest, 'twice'))];
    await Promise.all(both);
    const started = readFileSync(logOf('twice'), 'utf8').match(/starting twice/g);
    expect(started).toHaveLength(1);
  });

  it('of an image that is not there fails', async () => {
    await expect(place.run.start(revisionOf(`sha256:${'0'.repeat(64)}`, 'nothing'))).rejects.toMatchObject({
      reason: 'ContainerMissing',
    });
  });

  it('that crashes is started again; meanwhile the answer is 503', async () => {
    await serve('crashing');
    const { pid } = await seen();
    await fetch(`${service.url}/crash`).catch(() => undefined);
    await expect
      .poll(
        () =>
          seen().then(
            (now) => now.pid !== pid,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    expect((await seen()).answer).toBe('crashing');
  });

  it('writes its log into a file of its own', async () => {
    const folder = join(place.folder, 'logs', 'services');
    const [own] = readdirSync(folder);
    expect(own).toMatch(/^mlflow-[0-9a-f]{12}$/);
    const log = readFileSync(join(folder, own ?? '', 'crashing.log'), 'utf8');
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z starting crashing\n/);
    expect(log).toContain('The container ended (exit status 9).');
  });
});

describe('the way to the server', () => {
  beforeAll(() => serve('way', { env: { FAKE_ANSWER: 'way' } }));

  it('passes headers on as they came, doubled ones too, and says whom they came from', async () => {
    const answer = await raw(
      service.port,
      `GET http://some.host/seen?x=1 HTTP/1.1\nHost: some.host\nAuthorization: Basic a\nAuthorization: Basic b\nX-Forwarded-For: 1.2.3.4\nConnection: close, x-hop\nX-Hop: 1\n\n`,
    );
    const body = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Seen;
    expect(body.url).toBe('/seen?x=1');
    expect(headerOf(body, 'authorization')).toEqual(['Basic a', 'Basic b']);
    expect(headerOf(body, 'host')).toEqual(['some.host']);
    expect(headerOf(body, 'x-forwarded-for')).toEqual(['1.2.3.4, 127.0.0.1']);
    expect(headerOf(body, 'x-hop')).toEqual([]);
    expect(answer.match(/set-cookie: \w=\d/gi)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
  });

  it('streams both ways at once', async () => {
    const outgoing = request(`${service.url}/echo`, { method: 'POST' });
    outgoing.write('first');
    const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    expect(String((await once(answer, 'data'))[0])).toBe('first');
    outgoing.write('second');
    expect(String((await once(answer, 'data'))[0])).toBe('second');
    outgoing.end();
    await once(answer, 'end');
  });

  it('tells the server when the client has gone', async () => {
    const count = async () => Number(await (await fetch(`${service.url}/aborted`)).text());
    const before = await count();
    const gone = new AbortController();
    const reading = fetch(`${service.url}/slow?ms=20000`, { signal: gone.signal }).then((response) => response.text());
    const [settled] = await Promise.all([
      reading.catch((error: Error) => error.name),
      new Promise((resolve) => setTimeout(resolve, 200)).then(() => gone.abort()),
    ]);
    expect(settled).toBe('AbortError');
    await expect.poll(count, { timeout: 5_000 }).toBe(before + 1);
  });

  it('passes an answer back that comes before the request is whole', async () => {
    const answer = await fetch(`${service.url}/early`, { method: 'POST', body: Buffer.alloc(8 * 1024 ** 2) });
    expect([answer.status, await answer.text()]).toEqual([401, 'no']);
  });

  it('has the limit of 32 MiB over HTTP/1.1, for known and unknown lengths', async () => {
    const large = Buffer.alloc(33 * 1024 ** 2);
    const known = await raw(service.port, `POST /size HTTP/1.1\nHost: h\nConnection: close\nContent-Length: ${large.length}\n\n`);
    expect(known).toMatch(/^HTTP\/1.1 413 /);
    const unknown = fetch(`${service.url}/size`, {
      method: 'POST',
      body: Readable.toWeb(Readable.from([large.subarray(0, 2 ** 24), large])) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    expect(
      await unknown.then(
        (response) => response.status,
        () => 413,
      ),
    ).toBe(413);
    const small = await fetch(`${service.url}/size`, { method: 'PUT', body: large.subarray(0, 31 * 1024 ** 2) });
    expect(await small.text()).toBe(String(31 * 1024 ** 2));
  });

  it('ends a request after the service’s timeout', async () => {
    await serve('short', { timeoutSeconds: 1 });
    await expect(fetch(`${service.url}/slow?ms=20000`).then((response) => response.text())).rejects.toThrow();
    expect((await seen()).answer).toBe('short');
  });

  it('joins a WebSocket with the server, and passes a refusal back', async () => {
    const handshake = 'Host: h\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: abc\nSec-WebSocket-Version: 13\n\n';
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`GET /socket HTTP/1.1\n${handshake}`.replaceAll('\n', '\r\n'));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 101 /);
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('HELLO');
    socket.destroy();
    expect(await raw(service.port, `GET /refused HTTP/1.1\n${handshake}`)).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[\s\S]*no$/);
  });
});

describe('the plain loopback address', () => {
  let door: string;
  let port: number;
  beforeAll(async () => {
    await serve('door');
    door = place.run.loopbackUrl(SERVICE) ?? '';
    port = Number(new URL(door).port);
  });

  it('is found by the service’s own address', () => {
    expect(loopbackUrlOf(join(place.folder, 'doors.json'), `${SERVICE_URL}/some/path`)).toBe(door);
    expect(loopbackUrlOf(join(place.folder, 'doors.json'), 'https://other.run.app')).toBeUndefined();
  });

  it('makes a request look as if it came for the service’s own address', async () => {
    const answer = await seen(door, { headers: { origin: door, referer: `${door}/page?a=b` } });
    expect(headerOf(answer, 'host')).toEqual(['mlflow-123.europe-west3.run.app']);
    expect(headerOf(answer, 'origin')).toEqual([SERVICE_URL]);
    expect(headerOf(answer, 'referer')).toEqual([`${SERVICE_URL}/page?a=b`]);
  });

  it('keeps a browser here when the server redirects to its own address', async () => {
    const response = await fetch(`${door}/redirect`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe(`${door}/elsewhere`);
  });

  it('refuses other names and pages of other origins', async () => {
    const status = async (headers: string) =>
      (await raw(port, `GET /seen HTTP/1.1\n${headers}Connection: close\n\n`)).slice(9, 12);
    expect(await status(`Host: 127.0.0.1:${port}\n`)).toBe('200');
    expect(await status(`Host: LOCALHOST:${port}\nOrigin: http://localhost:${port}\n`)).toBe('200');
    expect(await status(`Host: rebound.example:${port}\n`)).toBe('403');
    expect(await status(`Host: 127.0.0.1\n`)).toBe('403');
    expect(await status(`Host: mlflow-123.europe-west3.run.app\n`)).toBe('403');
    expect(await status(`Host: 127.0.0.1:${port}\nHost: rebound.example\n`)).not.toBe('200');
    expect(await status(`Host: 127.0.0.1:${port}\nOrigin: http://rebound.example\n`)).toBe('403');
    expect(await status(`Host: 127.0.0.1:${port}\nOrigin: https://127.0.0.1:${port}\n`)).toBe('403');
    expect(await status(`Host: 127.0.0.1:${port}\nOrigin: null\n`)).toBe('403');
    const handshake = 'Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: abc\n';
    expect(
      await raw(port, `GET /socket HTTP/1.1\nHost: 127.0.0.1:${port}\nOrigin: http://rebound.example\n${handshake}\n`),
    ).toMatch(/^HTTP\/1.1 403 /);
  });

  it('stays the same after a restart, and moves with a word when its port is taken', async () => {
    await place.run.stopAll();
    place.run = place.reopen();
    await serve('door');
    expect(place.run.loopbackUrl(SERVICE)).toBe(door);
    await place.run.stopAll();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    place.run = place.reopen();
    await serve('door');
    expect(place.run.loopbackUrl(SERVICE)).not.toBe(door);
    expect(place.notes.at(-1)).toContain(`Port ${port} is taken`);
    squatter.close();
  });
});

describe('ending', () => {
  it('removes a service with its processes and its address', async () => {
    await serve('leaving');
    const { pid } = await seen();
    await place.run.remove(SERVICE);
    expect(isAlive(pid)).toBe(false);
    expect((await fetch(service.url)).status).toBe(503);
    expect(loopbackUrlOf(join(place.folder, 'doors.json'), SERVICE_URL)).toBeUndefined();
    expect(readdirSync(join(place.folder, 'processes'))).toEqual([]);
    expect(readdirSync(join(place.folder, 'revisions'))).toEqual([]);
  });

  it('gives up what is being started when the service is removed', async () => {
    const start = place.run
      .start(revisionOf(digest, 'never', { env: { FAKE_FAULT: 'unready' } }))
      .catch((error: Error) => error.message);
    await expect.poll(() => readdirSync(join(place.folder, 'processes'))).toHaveLength(1);
    await place.run.remove(SERVICE);
    expect(await start).toContain('the service is being stopped');
    expect(readdirSync(join(place.folder, 'processes'))).toEqual([]);
  });

  it('kills what does not listen to SIGTERM after ten seconds', async () => {
    await serve('deaf', { env: { FAKE_FAULT: 'deaf' } });
    const { pid } = await seen();
    const before = Date.now();
    await place.run.stopAll();
    expect(Date.now() - before).toBeGreaterThan(9_000);
    expect(isAlive(pid)).toBe(false);
    place.run = place.reopen();
  });
});
