import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, openGoogle } from '../../src/gcp/google.ts';
import { getProject } from '../../src/gcp/projects.ts';
import { getSecret } from '../../src/gcp/secrets.ts';
import { getBucket } from '../../src/gcp/storage.ts';
import type { Target } from '../../src/target.ts';
import { hurriedClock, type Opened, openOnSimulator, proxyTarget } from './open.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await openOnSimulator();
});
afterAll(() => opened.close());

function open(target: Target): Google {
  return openGoogle({
    target,
    userAgent: 'mlflow-gcp/9.9.9',
    log: () => undefined,
    signal: new AbortController().signal,
    clock: hurriedClock(),
  });
}

/** A proxy that answers every CONNECT with this text, or with nothing. */
async function badProxy(answer: string | undefined): Promise<{ port: number; server: Server; asked: () => number }> {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      asked += 1;
      if (answer === undefined) socket.destroy();
      else socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, asked: () => asked };
}

describe('what stands between here and Google', () => {
  const reads: Array<[string, (google: Google) => Promise<unknown>]> = [
    ['googleapis', (google) => getProject(google, { project: 'p' })],
    ['gax', (google) => getSecret(google, { project: 'p', secretId: 's' })],
    ['storage', (google) => getBucket(google, { bucket: 'some-bucket' })],
  ];

  it.each(reads)('a certificate that nobody trusts: %s', async (_, read) => {
    const google = open(proxyTarget(opened.simulator.port, []));
    await expect(read(google)).rejects.toMatchObject({
      code: 'TLS_UNTRUSTED',
      exitStatus: 1,
      message: expect.stringMatching(/googleapis\.com/),
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    google.close();
  });

  it('a certificate for another host', async () => {
    const ca = readFileSync(opened.simulator.ca, 'utf8');
    const google = open({ ...proxyTarget(opened.simulator.port, [ca]), proxyFor: () => undefined });
    await expect(google.request({ method: 'GET', url: `https://localhost:${opened.simulator.port}/` })).rejects.toMatchObject({
      code: expect.stringMatching(/^(TLS_UNTRUSTED|TLS_FAILED|NETWORK)$/),
    });
    google.close();
  });

  it.each(reads)('a proxy that is not there: %s', async (_, read) => {
    const gone = await badProxy(undefined);
    await new Promise((resolve) => gone.server.close(resolve));
    const google = open(proxyTarget(gone.port, []));
    await expect(read(google)).rejects.toMatchObject({
      code: 'CONNECTION_REFUSED',
      message: expect.stringContaining(`127.0.0.1:${gone.port}`),
    });
    google.close();
  });

  it.each([407, 403])('a proxy that answers %i is not taken for Google', async (status) => {
    const proxy = await badProxy(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const google = open(proxyTarget(proxy.port, []));
    const error = await getProject(google, { project: 'p' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PROXY_REFUSED', exitStatus: 1, message: expect.stringContaining(String(status)) });
    expect(proxy.asked()).toBe(1);
    google.close();
    proxy.server.close();
  });

  it('a proxy that hangs up, asked again', async () => {
    const proxy = await badProxy(undefined);
    const google = open(proxyTarget(proxy.port, []));
    await expect(getProject(google, { project: 'p' })).rejects.toMatchObject({ code: 'NETWORK' });
    expect(proxy.asked()).toBe(6);
    google.close();
    proxy.server.close();
  });

  it('a name that nobody knows', async () => {
    const google = open({ ...proxyTarget(1, []), proxyFor: () => new URL('http://no-such-host.invalid:1') });
    await expect(getProject(google, { project: 'p' })).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: expect.stringContaining('no-such-host.invalid'),
    });
    google.close();
  });

  it('a proxy that speaks plain http where https was said', async () => {
    const proxy = await badProxy('HTTP/1.1 400 Bad Request\r\n\r\n');
    const google = open({ ...proxyTarget(1, []), proxyFor: () => new URL(`https://127.0.0.1:${proxy.port}`) });
    await expect(getProject(google, { project: 'p' })).rejects.toMatchObject({
      code: 'TLS_FAILED',
      hint: expect.stringContaining('http://'),
    });
    google.close();
    proxy.server.close();
  });

  it('never shows the password of the proxy', async () => {
    const proxy = await badProxy('HTTP/1.1 407 No\r\n\r\n');
    const google = open({ ...proxyTarget(1, []), proxyFor: () => new URL(`http://me:hunter2@127.0.0.1:${proxy.port}`) });
    const error = await getProject(google, { project: 'p' }).catch((thrown: unknown) => thrown);
    expect(String((error as Error).message)).toContain(`127.0.0.1:${proxy.port}`);
    expect(`${(error as Error).message}`).not.toContain('hunter2');
    google.close();
    proxy.server.close();
  });
});
