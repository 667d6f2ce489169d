import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeFolders } from '../../../src/local/runtime/layout.ts';
import { type LocalRuntime, localRuntime } from '../../../src/local/runtime/local-runtime.ts';
import { cacheFolder } from '../../../src/project/cache-folder.ts';
import { findPython } from '../../../src/project/python.ts';
import { type RenderedFile, renderProject } from '../../../src/project/render.ts';
import { ensureUv } from '../../../src/project/uv.ts';
import { front, revisionOf, SERVICE, SERVICE_URL, sourceOf } from './run-setup.ts';
import { instanceNamed, packageRoot } from './sql-setup.ts';

const PASSWORD = 'p@ss/word:ü';
const CREDENTIALS = {
  authorization: `Basic ${Buffer.from('mlflow:a tracking password').toString('base64')}`,
  'content-type': 'application/json',
};

/** The rendered project folder as an archive, its lock made as `init` makes it. */
async function projectSource(folder: string, uv: string, python: string): Promise<Buffer> {
  const any = new Proxy({}, { get: (_, name) => `some-${String(name)}` });
  const files: RenderedFile[] = await renderProject(join(packageRoot, 'src/templates/project'), any);
  for (const { path, content } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  execFileSync(uv, ['lock', '--quiet', '--python', python], { cwd: folder });
  const contents = Object.fromEntries(files.map(({ path, content }) => [path, content]));
  return sourceOf({ ...contents, 'uv.lock': await readFile(join(folder, 'uv.lock'), 'utf8') });
}

describe('the rendered server, as the local target runs it', () => {
  let folder: string;
  let runtime: LocalRuntime;
  let service: Awaited<ReturnType<typeof front>>;
  let digest: string;
  const connectionName = 'some-project:europe-west3:mlflow';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-server-'));
    await chmod(folder, 0o755);
    const python = await findPython(process.env);
    const requirements = join(packageRoot, 'src/templates/tools/uv.txt');
    const uv = await ensureUv({ env: process.env, cache: cacheFolder(process.env), requirements, python: async () => python });
    runtime = await localRuntime({
      folders: runtimeFolders(folder, folder),
      programs: join(folder, 'programs'),
      packageRoot,
      execPath: process.execPath,
      env: process.env,
      uv: async () => uv,
      python: async () => python,
      simulator: () => ({ port: 4, caFile: '/etc/ssl/certs/ca-certificates.crt' }),
      metadata: () => (_, response) => response.writeHead(503).end(),
      note: () => undefined,
      now: () => new Date(),
    });
    await runtime.sql.start(await instanceNamed('mlflow'));
    await runtime.sql.createDatabase(connectionName, { name: 'mlflow' });
    await runtime.sql.setUser(connectionName, { name: 'mlflow', password: PASSWORD });
    const source = Readable.from(await projectSource(join(folder, 'project'), uv, python.path));
    const request = {
      id: '1',
      image: 'h/p/r/mlflow:1',
      source,
      dockerfile: 'Dockerfile',
      log: () => undefined,
      signal: new AbortController().signal,
    };
    digest = (await runtime.builds.build(request)).digest;
    service = await front(() => runtime.run as never);
  });
  afterAll(async () => {
    service?.server.closeAllConnections();
    service?.server.close();
    await runtime?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const revision = (name: string, changes: Record<string, string> = {}) =>
    revisionOf(digest, name, {
      protocol: 'h2c',
      cloudSqlInstances: [connectionName],
      startupProbe: { path: '/health', periodSeconds: 2, failureThreshold: 60, timeoutSeconds: 1, initialDelaySeconds: 0 },
      env: {
        MLFLOW_BACKEND_STORE_URI: `postgresql+psycopg2://mlflow:${encodeURIComponent(PASSWORD)}@/mlflow?host=/cloudsql/${connectionName}`,
        MLFLOW_ARTIFACTS_DESTINATION: 'gs://some-bucket/artifacts',
        MLFLOW_TRACKING_USERNAME: 'mlflow',
        MLFLOW_TRACKING_PASSWORD: 'a tracking password',
        MLFLOW_TRACKING_URL: SERVICE_URL,
        MLFLOW_SERVER_ALLOWED_HOSTS: new URL(SERVICE_URL).host,
        MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: SERVICE_URL,
        ...changes,
      },
    });
  const create = (name: string, headers: Record<string, string> = {}) =>
    fetch(`${runtime.run.loopbackUrl(SERVICE)}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      headers: { ...CREDENTIALS, ...headers },
      body: JSON.stringify({ name }),
    });

  it('becomes ready with its tables in the database, and answers nobody without credentials', async () => {
    await runtime.run.start(revision('mlflow-00001-aaa'));
    await runtime.run.serve(SERVICE, 'mlflow-00001-aaa');
    const door = runtime.run.loopbackUrl(SERVICE) ?? '';
    expect((await fetch(`${door}/health`)).status).toBe(200);
    expect((await fetch(`${door}/version`)).status).toBe(401);
    expect((await create('first')).status).toBe(200);
  });

  it('keeps its own checks of host and origin behind the plain loopback address', async () => {
    const door = runtime.run.loopbackUrl(SERVICE) ?? '';
    expect((await create('from the browser', { origin: door })).status).toBe(200);
    expect((await create('from elsewhere', { origin: 'https://evil.example' })).status).toBe(403);
    // The front passes the host on as it came, and the server does not know this one.
    const search = await fetch(`${service.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=first`, {
      headers: CREDENTIALS,
    });
    expect(search.status).toBe(403);
  });

  it('refuses an upload without credentials by its answer, however large it is', async () => {
    const upload = () =>
      fetch(`${runtime.run.loopbackUrl(SERVICE)}/api/2.0/mlflow-artifacts/artifacts/x/large`, {
        method: 'PUT',
        body: Buffer.alloc(40 * 1024 ** 2),
      });
    for (let attempt = 0; attempt < 5; attempt += 1) expect((await upload()).status).toBe(401);
  });

  it('is replaced by a revision that works and not by one that does not', async () => {
    const wrong = runtime.run.start(revision('mlflow-00002-bbb', { MLFLOW_TRACKING_PASSWORD: '' }));
    await expect(wrong).rejects.toMatchObject({ reason: 'HealthCheckContainerError' });
    expect((await create('still there')).status).toBe(200);
    await runtime.run.start(revision('mlflow-00003-ccc'));
    await runtime.run.serve(SERVICE, 'mlflow-00003-ccc');
    expect((await create('first')).status).toBe(400);
  });
});
