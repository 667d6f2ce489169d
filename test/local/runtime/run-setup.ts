import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { buildRuntime, type LocalBuildRuntime } from '../../../src/local/runtime/build/build-runtime.ts';
import { processRegister } from '../../../src/local/runtime/process-register.ts';
import { jobRuntime, type LocalJobRuntime } from '../../../src/local/runtime/run/job-runtime.ts';
import { type LocalRunRuntime, type RunOptions, runRuntime } from '../../../src/local/runtime/run/run-runtime.ts';
import type { Revision } from '../../../src/local/runtime-port.ts';

/** Files by their names, as a gzipped tar. */
export async function sourceOf(
  files: Record<string, string>,
  change?: (archive: ReturnType<typeof pack>) => void,
): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mode: name.endsWith('.sh') ? 0o755 : 0o644 }, text);
  change?.(archive);
  archive.finalize();
  return gzipSync(await buffer(archive as unknown as Readable));
}

export async function fakeServerSource(): Promise<Buffer> {
  const folder = join(import.meta.dirname, 'fake-server');
  const names = ['Dockerfile', 'entry-point.sh', 'server.mjs'];
  return sourceOf(
    Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]))),
  );
}

export interface RunPlace {
  folder: string;
  builds: LocalBuildRuntime;
  run: LocalRunRuntime;
  jobs: LocalJobRuntime;
  notes: string[];
  /** Another runtime over the same folder, as after a stop or a kill. */
  reopen(): LocalRunRuntime;
  build(source: Buffer): Promise<string>;
  remove(): Promise<void>;
}

export async function runPlace(): Promise<RunPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-run-'));
  const notes: string[] = [];
  const unused = () => Promise.reject(new Error('no Python is needed here'));
  const environments = { folder: join(folder, 'environments'), uv: unused, python: unused, env: {} };
  const builds = buildRuntime({ folder: join(folder, 'builds'), environments, inUse: () => new Set() });
  const options = (): RunOptions => ({
    findBuild: (digest) => builds.find(digest),
    folder: join(folder, 'revisions'),
    logs: join(folder, 'logs'),
    doorsFile: join(folder, 'doors.json'),
    register: processRegister(join(folder, 'processes')),
    systemPath: process.env['PATH'] ?? '',
    simulator: () => ({ port: 4, caFile: '/some/ca.pem' }),
    socketPath: (name) => (name === 'p:r:i' ? '/short/socket' : undefined),
    metadata:
      ({ serviceAccount }) =>
      (_, response) =>
        response.end(serviceAccount),
    note: (line) => void notes.push(line),
    now: () => new Date(),
  });
  const reopen = () => runRuntime(options());
  const run = reopen();
  const jobs = jobRuntime(options());
  const build = async (source: Buffer) =>
    (
      await builds.build({
        id: '1',
        image: 'h/p/r/n:latest',
        source: Readable.from(source),
        dockerfile: 'Dockerfile',
        log: () => undefined,
        signal: new AbortController().signal,
      })
    ).digest;
  return {
    folder,
    builds,
    run,
    jobs,
    notes,
    reopen,
    build,
    async remove() {
      await Promise.all([run.stopAll(), jobs.stopAll()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const SERVICE = 'projects/p/locations/europe-west3/services/mlflow';
export const SERVICE_URL = 'https://mlflow-123.europe-west3.run.app';

export function revisionOf(digest: string, name: string, changes: Partial<Revision> = {}): Revision {
  return {
    service: SERVICE,
    name,
    image: `europe-west3-docker.pkg.dev/p/r/n@${digest}`,
    command: [],
    args: [],
    env: { FAKE_NODE: process.execPath, FAKE_ANSWER: name, ...changes.env },
    containerPort: 8080,
    protocol: 'http1',
    cloudSqlInstances: [],
    serviceAccount: 'runner@p.iam.gserviceaccount.com',
    startupProbe: { path: '/health', periodSeconds: 1, failureThreshold: 20, timeoutSeconds: 1, initialDelaySeconds: 0 },
    timeoutSeconds: 60,
    urls: [SERVICE_URL],
    ...Object.fromEntries(Object.entries(changes).filter(([key]) => key !== 'env')),
  };
}

/** The service's own front: what the simulator does for the service's host. */
export async function front(run: () => LocalRunRuntime): Promise<{ url: string; port: number; server: Server }> {
  const server = createServer((request, response) => run().forward(SERVICE, request, response));
  server.on('upgrade', (request, socket, head) => run().upgrade(SERVICE, request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, server };
}
