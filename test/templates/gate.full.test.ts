import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverEnvironment } from '../support/python.ts';
import { type HttpClient, http1, http2, rawStatus } from './support/http.ts';
import { AUTHORIZATION, basic, PASSWORD, renderedProject, type TestProject, type TestServer, USER } from './support/server.ts';

const HOST = 'mlflow-123456789012.europe-west1.run.app';
/** Cloud Run's older form, which nobody knows before the first deployment. */
const OLDER_HOST = 'mlflow-abcdefghij-ew.a.run.app';
const EXPERIMENT = '/api/2.0/mlflow/experiments/get?experiment_id=0';
const HTTP_CLIENTS = { 'HTTP/1.1': http1, 'HTTP/2': http2 };

let project: TestProject;
let server: TestServer;
let routes: { method: string; path: string }[];

beforeAll(async () => {
  project = await renderedProject();
  server = await project.start({
    MLFLOW_SERVER_ALLOWED_HOSTS: `${HOST},mlflow-??????????-?*.a.run.app,*---mlflow-??????????-?*.a.run.app,127.0.0.1:*`,
    MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: `https://${HOST}`,
  });
  const python = path.join(await serverEnvironment(), 'bin', 'python');
  const script = path.join(import.meta.dirname, 'support/list_routes.py');
  const { stdout } = await promisify(execFile)(python, [script, `sqlite:///${project.folder}/routes.db`], { maxBuffer: 1 << 24 });
  routes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { method: string; path: string });
});

afterAll(async () => project?.close());

describe('without the right credentials', () => {
  it('knows the routes of both halves of MLflow', () => {
    const paths = new Set(routes.map((route) => route.path));
    for (const known of [
      '/api/2.0/mlflow/runs/create',
      '/ajax-api/2.0/mlflow/runs/search',
      '/v1/traces',
      '/api/2.0/mlflow-artifacts/artifacts/x',
      '/ajax-api/3.0/mlflow/assistant/config',
      '/get-artifact',
      '/version',
      '/static-files/x',
      '/graphql',
      '/',
    ]) {
      expect(paths, known).toContain(known);
    }
    expect(routes.length).toBeGreaterThan(500);
  });

  describe.each(Object.entries(HTTP_CLIENTS))('over %s', (_name, open) => {
    it.each([
      ['none', {}],
      ['a wrong password', { authorization: basic(USER, `${PASSWORD}!`) }],
    ])('answers 401 on every route to %s', async (_what, headers: Record<string, string>) => {
      const client = open(server.port);
      const open_: string[] = [];
      for (const { method, path: target } of routes) {
        const { status, body } = await client.ask({ method, path: target, headers });
        const healthy = target === '/health' && (method === 'GET' || method === 'HEAD');
        if (status !== (healthy ? 200 : 401)) open_.push(`${method} ${target}: ${status} ${body.subarray(0, 80)}`);
      }
      client.close();
      expect(open_).toEqual([]);
    });

    it('asks for credentials in a way that browsers understand', async () => {
      const client = open(server.port);
      const answer = await client.ask({ path: '/' });
      client.close();
      expect(answer.headers['www-authenticate']).toBe('Basic realm="MLflow", charset="UTF-8"');
      expect(answer.headers['cache-control']).toBe('no-store');
    });

    it('leaves the health check open, with nothing in it', async () => {
      const client = open(server.port);
      const get = await client.ask({ path: '/health' });
      const head = await client.ask({ method: 'HEAD', path: '/health' });
      client.close();
      expect([get.status, get.body.toString()]).toEqual([200, 'OK']);
      expect([head.status, head.body.toString()]).toEqual([200, '']);
    });

    it.each([
      '//health',
      '/health/',
      '/HEALTH',
      '/%68ealth',
      '/health%2f',
      '/health%00',
      '/./health',
      '/x/../health',
      '/health/../version',
      '/health;x',
      '/health,/version',
      '/version',
      '/*',
    ])('refuses %s', async (target) => {
      const client = open(server.port);
      const { status } = await client.ask({ path: target });
      client.close();
      expect(status).toBe(401);
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('refuses %s /health', async (method) => {
      const client = open(server.port);
      const { status } = await client.ask({ method, path: '/health' });
      client.close();
      expect(status).toBe(401);
    });

    it('goes on serving others on the connection over which a large body was refused', async () => {
      const client = open(server.port);
      const refused = Array.from({ length: 3 }, () =>
        client
          .ask({ method: 'PUT', path: '/api/2.0/mlflow-artifacts/artifacts/0/x', body: Buffer.alloc(4_000_000) })
          .catch(() => undefined),
      );
      await expect(client.ask({ path: '/version', headers: { authorization: AUTHORIZATION } })).resolves.toMatchObject({
        status: 200,
      });
      for (const answer of await Promise.all(refused)) expect([undefined, 401]).toContain(answer?.status);
      await expect(client.ask({ path: '/version', headers: { authorization: AUTHORIZATION } })).resolves.toMatchObject({
        status: 200,
      });
      client.close();
    });
  });

  it.each([
    ['an absolute-form target', [`GET http://${HOST}${EXPERIMENT} HTTP/1.1`]],
    ['an absolute-form target of another host', [`GET http://elsewhere.example/version HTTP/1.1`]],
    ['a target without a leading slash', ['GET health HTTP/1.1']],
    ['an asterisk', ['OPTIONS * HTTP/1.1']],
    [
      'a WebSocket handshake',
      [
        'GET /health/ws HTTP/1.1',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
      ],
    ],
    [
      'two right Authorization headers',
      ['GET /version HTTP/1.1', `Authorization: ${AUTHORIZATION}`, `authorization: ${AUTHORIZATION}`],
    ],
    ['a right and a wrong one', ['GET /version HTTP/1.1', `Authorization: ${AUTHORIZATION}`, 'Authorization: Basic eDp5']],
    ['a folded list in one header', ['GET /version HTTP/1.1', `Authorization: ${AUTHORIZATION}, ${AUTHORIZATION}`]],
    ['another scheme', ['GET /version HTTP/1.1', `Authorization: Bearer ${AUTHORIZATION.slice(6)}`]],
    ['no scheme', ['GET /version HTTP/1.1', `Authorization: ${AUTHORIZATION.slice(6)}`]],
    ['the name alone', ['GET /version HTTP/1.1', `Authorization: ${basic(USER, '')}`]],
    ['not base64', ['GET /version HTTP/1.1', 'Authorization: Basic %%%']],
    ['credentials in another header', ['GET /version HTTP/1.1', `Proxy-Authorization: ${AUTHORIZATION}`]],
    ['a name that only looks like the header', ['GET /version HTTP/1.1', `X-Authorization: ${AUTHORIZATION}`]],
  ])('refuses %s', async (_what, [start = '', ...headers]) => {
    expect(await rawStatus(server.port, [start, `Host: ${HOST}`, ...headers])).toBe(401);
  });
});

describe('with the right credentials', () => {
  const ask = async (headers: Record<string, string>, extra: { method?: string; path?: string; body?: Buffer } = {}) => {
    const client: HttpClient = http1(server.port);
    const answer = await client.ask({
      path: EXPERIMENT,
      ...extra,
      headers: { authorization: AUTHORIZATION, host: HOST, ...headers },
    });
    client.close();
    return answer;
  };
  const search = { method: 'POST', path: '/ajax-api/2.0/mlflow/experiments/search', body: Buffer.from('{"max_results":1}') };
  const json = { 'content-type': 'application/json' };

  it('passes them on, however the scheme is spelled', async () => {
    expect((await ask({})).status).toBe(200);
    expect((await ask({ authorization: AUTHORIZATION.replace('Basic', 'bAsIc') })).status).toBe(200);
  });

  it('refuses a host that is not its own, as MLflow does', async () => {
    expect((await ask({ host: 'elsewhere.example' })).status).toBe(403);
    expect((await ask({ host: `${HOST}.elsewhere.example` })).status).toBe(403);
  });

  it('takes what its own pages send and refuses what others make a browser send', async () => {
    expect((await ask({ ...json, origin: `https://${HOST}` }, search)).status).toBe(200);
    expect((await ask({ ...json, origin: 'https://elsewhere.example' }, search)).status).toBe(403);
    expect((await ask({ ...json, origin: `http://${HOST}` }, search)).status).toBe(403);
    expect((await ask(json, search)).status).toBe(200);
  });

  it('serves its own pages at its older address too, and not those of another service of the same name', async () => {
    for (const host of [OLDER_HOST, `test---${OLDER_HOST}`])
      expect((await ask({ ...json, host, origin: `https://${host}` }, search)).status).toBe(200);
    for (const origin of ['https://mlflow-jihgfedcba-ew.a.run.app', `http://${OLDER_HOST}`])
      expect((await ask({ ...json, host: OLDER_HOST, origin }, search)).status).toBe(403);
    for (const host of [
      'mlflow-other-abcdefghij-ew.b.run.app',
      `${OLDER_HOST}.elsewhere.example`,
      'wine-abcdefghij-ew.a.run.app',
    ])
      expect((await ask({ ...json, host, origin: `https://${host}` }, search)).status).toBe(403);
  });

  it('is not taken for somebody at the server itself, who may run programs there', async () => {
    const assistant = { method: 'PUT', path: '/ajax-api/3.0/mlflow/assistant/config', body: Buffer.from('{}') };
    expect((await ask(json, assistant)).status).toBe(403);
  });

  it('never writes the credentials to its log', () => {
    for (const secret of [PASSWORD, AUTHORIZATION.slice(6)]) expect(server.log()).not.toContain(secret);
  });
});
