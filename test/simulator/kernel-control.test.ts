import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RequestLog } from '../../src/local/simulator/request-log.ts';
import type { TestSimulator } from '../support/simulator.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const SECRETS = 'https://secretmanager.googleapis.com/v1/projects/mlflow-local/secrets';

let sim: TestSimulator;
beforeEach(async () => {
  sim = await startTestSimulator({
    services: [{ ...testService, redact: (kind, value) => (kind === 'test.hidden' ? undefined : value) }],
  });
});
afterEach(() => sim.remove());

const arm = (fault: unknown) => sim.control('POST', '/_simulator/faults', fault);
const create = (id: string) => sim.call('POST', `${SECRETS}?secretId=${id}`, { labels: { text: 'x'.repeat(2000) } });

describe('faults', () => {
  test('a status, so many times, in Google’s form', async () => {
    expect(
      (await arm({ match: '^POST secretmanager\\.googleapis\\.com/v1/.*/secrets$', times: 2, status: 503, retryAfter: 7 }))
        .status,
    ).toBe(200);
    expect((await sim.call('GET', SECRETS)).status).toBe(200);
    for (let n = 0; n < 2; n++) {
      const answer = await create('a');
      expect([answer.status, answer.headers['retry-after'], answer.body.error.status]).toEqual([503, '7', 'UNAVAILABLE']);
    }
    expect((await create('a')).status).toBe(200);
    expect((await sim.control('GET', '/_simulator/faults')).body).toEqual({ faults: [] });
  });

  test('a reset before the call takes effect', async () => {
    await arm({ match: 'POST', reset: true });
    await expect(create('a')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await sim.call('GET', `${SECRETS}/a`)).status).toBe(404);
  });

  test('after: the call takes effect, the answer is lost', async () => {
    await arm({ match: 'POST', after: true });
    await expect(create('a')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await sim.call('GET', `${SECRETS}/a`)).status).toBe(200);
    await arm({ match: 'POST', after: true, status: 504 });
    expect((await create('b')).status).toBe(504);
    expect((await sim.call('GET', `${SECRETS}/b`)).status).toBe(200);
  });

  test('a delay', async () => {
    await arm({ match: 'POST', delayMs: 150 });
    const begin = performance.now();
    expect((await create('a')).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(149);
  });

  test('a body that is cut short', async () => {
    await arm({ match: 'POST', truncate: true });
    await expect(create('a')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('a body that stalls', async () => {
    await arm({ match: 'POST', stall: true });
    const call = request({
      host: '127.0.0.1',
      port: sim.port,
      method: 'POST',
      path: '/v1/projects/mlflow-local/secrets?secretId=a',
      headers: { host: 'secretmanager.googleapis.com', authorization: 'Bearer x' },
    }).end();
    const [response] = await once(call, 'response');
    const [part] = (await once(response, 'data')) as [Buffer];
    expect(part.length).toBeLessThan(Number(response.headers['content-length']));
    const more = once(response, 'data').then(() => 'more');
    expect(
      await Promise.race([more.catch(() => 'cut'), new Promise((resolve) => setTimeout(() => resolve('nothing'), 100))]),
    ).toBe('nothing');
    call.destroy();
  });

  test('a body that comes slowly', async () => {
    await arm({ match: 'POST', slowMs: 10 });
    const begin = performance.now();
    expect((await create('a')).body.labels.text).toHaveLength(2000);
    expect(performance.now() - begin).toBeGreaterThan(150);
  });

  test('skip lets some pass; DELETE disarms', async () => {
    await arm([{ match: 'GET', skip: 1, status: 500, times: 5 }]);
    expect((await sim.call('GET', SECRETS)).status).toBe(200);
    expect((await sim.call('GET', SECRETS)).status).toBe(500);
    expect((await sim.control('GET', '/_simulator/faults')).body.faults).toMatchObject([{ match: 'GET', left: 4 }]);
    await sim.control('DELETE', '/_simulator/faults');
    expect((await sim.call('GET', SECRETS)).status).toBe(200);
  });

  test.each([
    [{}],
    [{ match: 'a' }],
    [{ match: '(', status: 500 }],
    [{ match: 'a', status: 'x' }],
    [{ match: 'a', status: 503, foo: 1 }],
    ['{'],
  ])('nonsense is refused: %j', async (fault) => {
    const answer = await arm(fault);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBeTruthy();
  });
});

describe('the log of requests', () => {
  test('has what was asked, nothing secret, and survives a restart', async () => {
    const body = { labels: { hidden: 'body-text' } };
    await sim.call('POST', `${SECRETS}?secretId=a&access_token=query-token&key=api-key`, body, {
      token: 'header-token',
      headers: { 'user-agent': 'me/1' },
    });
    await sim.call('GET', 'https://secretmanager.googleapis.com/v1/nothing?X-Goog-Signature=sig-text');
    await sim.restart();
    const { bytes, headers } = await sim.control('GET', '/_simulator/requests');
    expect(headers['content-type']).toBe('application/x-ndjson');
    const lines = bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      method: 'POST',
      host: 'secretmanager.googleapis.com',
      path: '/v1/projects/mlflow-local/secrets',
      query: 'secretId=a&access_token=…&key=…',
      status: 200,
      userAgent: 'me/1',
      durationMs: expect.any(Number),
    });
    expect(lines[1]).toMatchObject({ status: 404, query: 'X-Goog-Signature=…' });
    for (const secret of ['body-text', 'query-token', 'api-key', 'header-token', 'sig-text'])
      expect(bytes.toString()).not.toContain(secret);
  });

  test('can be followed', async () => {
    await sim.call('GET', `${SECRETS}/one`);
    const call = request({ host: '127.0.0.1', port: sim.port, path: '/_simulator/requests?follow' }).end();
    const [response] = await once(call, 'response');
    const paths: string[] = [];
    response.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.trim().split('\n')) paths.push(JSON.parse(line).path);
    });
    // It is cut below.
    response.on('error', () => response.destroy());
    await expect.poll(() => paths).toHaveLength(1);
    await sim.call('GET', `${SECRETS}/two`);
    await expect.poll(() => paths).toHaveLength(2);
    call.destroy();
  });

  test('is on disk, and does not grow without end', async () => {
    const file = join(sim.dataDir, 'small.ndjson');
    const log = new RequestLog(file, 100_000);
    const entry = { time: '', method: 'GET', host: 'h', path: '', status: 200, userAgent: '', durationMs: 1 };
    for (let n = 0; n < 5000; n++) log.add({ ...entry, path: `/${n}` });
    await log.close();
    const sizes = [file, `${file}.1`].map((name) => statSync(name).size);
    expect(Math.max(...sizes)).toBeLessThan(101_000);
    const lines = [`${file}.1`, file].flatMap((name) => readFileSync(name, 'utf8').trim().split('\n'));
    expect(lines.slice(-1000).map((line) => JSON.parse(line).path)).toEqual(
      Array.from({ length: 1000 }, (_, n) => `/${4000 + n}`),
    );
  });

  test('notes an answer that was lost as 0', async () => {
    await arm({ match: 'POST', reset: true });
    await create('a').catch(() => undefined);
    await expect.poll(async () => (await sim.control('GET', '/_simulator/requests')).body?.status).toBe(0);
  });
});

describe('state and reset', () => {
  test('state has every record but what is secret', async () => {
    await create('a');
    const { store } = sim.sim;
    store.put('test.hidden', 'a', { payload: 'hidden-payload' });
    store.put('test.user', 'u', {
      name: 'u',
      password: 'hidden-password',
      nested: [{ privateKeyData: 'hidden-key' }],
      text: '-----BEGIN PRIVATE KEY-----\nhidden-pem',
    });
    const { body, bytes } = await sim.control('GET', '/_simulator/state');
    expect(body['test.secrets']).toHaveProperty(['projects/mlflow-local/secrets/a', 'labels']);
    expect(body['test.user'].u.name).toBe('u');
    expect(bytes.toString()).not.toContain('hidden-');
  });

  test('reset empties everything and keeps the project and the authority', async () => {
    await create('a');
    sim.sim.store.folder('objects');
    const before = { project: sim.project, ca: sim.sim.authority.certificate };
    await sim.call('POST', `${SECRETS}/x:addVersion`, { payload: { data: 'YWJj' } });
    expect((await sim.control('POST', '/_simulator/reset')).status).toBe(200);
    const { body } = await sim.control('GET', '/_simulator/state');
    expect(Object.keys(body)).toEqual(['kernel.project']);
    expect((await sim.control('GET', '/_simulator/requests')).bytes).toHaveLength(0);
    await sim.restart();
    expect((await sim.call('GET', `${SECRETS}/a`)).status).toBe(404);
    expect({ project: sim.project, ca: sim.sim.authority.certificate }).toEqual(before);
  });

  test('its endpoints are at the simulator’s own address alone', async () => {
    expect((await sim.call('GET', 'https://secretmanager.googleapis.com/_simulator/state')).status).toBe(404);
    expect((await sim.control('GET', '/_simulator/nothing')).status).toBe(404);
    expect((await sim.call('GET', 'http://localhost/_simulator/state', undefined, { token: null })).status).toBe(200);
  });
});

describe('browsers', () => {
  test.each([
    ['http://127.0.0.1/_simulator/state', { origin: 'https://evil.example' }, 403],
    ['http://127.0.0.1/_simulator/state', { origin: 'null' }, 403],
    ['http://127.0.0.1/_simulator/state', { host: 'evil.example' }, 421],
    [SECRETS, { origin: 'https://evil.example' }, 403],
    [SECRETS, { origin: 'https://secretmanager.googleapis.com' }, 200],
  ])('%s with %j is %i', async (url, headers, status) => {
    expect((await sim.call('GET', url, undefined, { headers })).status).toBe(status);
    expect((await sim.call('OPTIONS', url, undefined, { headers })).headers['access-control-allow-origin']).toBeUndefined();
  });
});
