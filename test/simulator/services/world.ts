import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGunzip, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import {
  BuildFailed,
  type Revision,
  RevisionFailed,
  type RevisionLine,
  type Runtime,
  type TaskAttempt,
  type TaskEnd,
} from '../../../src/local/runtime-port.ts';
import { type Answer, startTestSimulator, type TestOptions, type TestSimulator } from '../../support/simulator.ts';

export const REGION = 'us-central1';

/** A simulator with these services enabled and what a deployment rests on: a bucket, a repository, accounts with their roles. */
export interface World {
  sim: TestSimulator;
  project: string;
  number: string;
  call: TestSimulator['call'];
  /** Emails. */
  builder: string;
  runner: string;
  bucket: string;
  /** `HOST/PROJECT/REPOSITORY` */
  registry: string;
  remove(): Promise<void>;
}

const SERVICES = ['run', 'artifactregistry', 'cloudbuild', 'secretmanager', 'iam', 'sqladmin'];

export async function startWorld(options: TestOptions = {}): Promise<World> {
  const sim = await startTestSimulator(options);
  const { projectId: project, projectNumber: number } = sim.project;
  const call = sim.call;
  for (const service of SERVICES) {
    const enabled = await call(
      'POST',
      `https://serviceusage.googleapis.com/v1/projects/${project}/services/${service}.googleapis.com:enable`,
      {},
    );
    await sim.until(`https://serviceusage.googleapis.com/v1/${enabled.body.name}`, (operation) => operation.done === true);
  }
  const world: World = {
    sim,
    project,
    number,
    call,
    builder: await account(sim, 'builder'),
    runner: await account(sim, 'runner'),
    bucket: `${project}-builds`,
    registry: `${REGION}-docker.pkg.dev/${project}/repo`,
    remove: () => sim.remove(),
  };
  await call('POST', `https://storage.googleapis.com/storage/v1/b?project=${project}`, { name: world.bucket });
  const made = await call(
    'POST',
    `https://artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories?repositoryId=repo`,
    { format: 'DOCKER' },
  );
  await sim.until(`https://artifactregistry.googleapis.com/v1/${made.body.name}`, (operation) => operation.done);
  await grantProject(world, world.builder, 'roles/cloudbuild.builds.builder');
  return world;
}

async function account(sim: TestSimulator, id: string): Promise<string> {
  const project = sim.project.projectId;
  await sim.call('POST', `https://iam.googleapis.com/v1/projects/${project}/serviceAccounts`, { accountId: id });
  return `${id}@${project}.iam.gserviceaccount.com`;
}

/** Adds a grant to the project's policy, again and again until the new account is known to it. */
export async function grantProject({ call, project }: World, email: string, role: string): Promise<void> {
  const url = `https://cloudresourcemanager.googleapis.com/v1/projects/${project}`;
  for (const deadline = Date.now() + 5000; ; ) {
    const policy = (await call('POST', `${url}:getIamPolicy`, {})).body;
    const bindings = [...(policy.bindings ?? []), { role, members: [`serviceAccount:${email}`] }];
    const set = await call('POST', `${url}:setIamPolicy`, { policy: { ...policy, bindings } });
    if (set.status === 200) return;
    if (Date.now() > deadline) throw new Error(set.bytes.toString());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Makes a Cloud SQL instance; returns its connection name. */
export async function sqlInstance(world: World, name: string): Promise<string> {
  const url = `https://sqladmin.googleapis.com/v1/projects/${world.project}`;
  const settings = { tier: 'db-f1-micro', edition: 'ENTERPRISE' };
  const made = await world.call('POST', `${url}/instances`, { name, region: REGION, databaseVersion: 'POSTGRES_17', settings });
  await world.sim.until(`${url}/operations/${made.body.name}`, (operation) => operation.status === 'DONE');
  return `${world.project}:${REGION}:${name}`;
}

export async function secret(world: World, id: string, value: string): Promise<void> {
  const parent = `https://secretmanager.googleapis.com/v1/projects/${world.project}/secrets`;
  await world.call('POST', `${parent}?secretId=${id}`, { replication: { automatic: {} } });
  await world.call('POST', `${parent}/${id}:addVersion`, { payload: { data: Buffer.from(value).toString('base64') } });
}

/** A gzipped tar of these files. */
export async function archive(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name, mtime: new Date(Date.now()) }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

export async function uploadSource(world: World, files: Record<string, string>, name = 'source/s.tar.gz'): Promise<string> {
  const url = `https://storage.googleapis.com/upload/storage/v1/b/${world.bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
  await world.call('POST', url, await archive(files), { headers: { 'content-type': 'application/gzip' } });
  return name;
}

/** The body of a build as skaffold sends it. */
export function buildBody(world: World, object: string, image: string): object {
  return {
    images: [image],
    logsBucket: world.bucket,
    options: { logging: 'GCS_ONLY' },
    serviceAccount: `projects/${world.project}/serviceAccounts/${world.builder}`,
    source: { storageSource: { bucket: world.bucket, object } },
    steps: [
      {
        name: 'gcr.io/cloud-builders/docker',
        args: ['build', '--tag', image, '-f', 'Dockerfile', '--platform', 'linux/amd64', '.'],
        env: ['DOCKER_BUILDKIT=1'],
      },
    ],
  };
}

export const buildsUrl = (world: World) =>
  `https://cloudbuild.googleapis.com/v1/projects/${world.project}/locations/${REGION}/builds`;

/** Builds these files and waits for the end. */
export async function build(world: World, files: Record<string, string>, image: string): Promise<Answer> {
  const started = await world.call('POST', buildsUrl(world), buildBody(world, await uploadSource(world, files), image));
  if (started.status !== 200) return started;
  return world.sim.until(
    `${buildsUrl(world)}/${started.body.metadata.build.id}`,
    (body) => !['QUEUED', 'WORKING'].includes(body.status),
  );
}

/** A runtime in this process: builds are the digest of a Dockerfile, services are small servers that say what they were given. */
export function smallRuntime(): Runtime & { started: Revision[]; serving: Map<string, string>; attempts: TaskAttempt[] } {
  const attempts: TaskAttempt[] = [];
  let listener: ((line: RevisionLine) => void) | undefined;
  const servers = new Map<string, Server>();
  const started: Revision[] = [];
  const serving = new Map<string, string>();
  const portOf = (service: string) =>
    (servers.get(`${service} ${serving.get(service)}`)?.address() as AddressInfo | undefined)?.port;
  return {
    started,
    serving,
    attempts,
    sql: {} as Runtime['sql'],
    jobs: { runTask: (task) => runTask(task, attempts) },
    builds: {
      has: async () => true,
      async build({ source, dockerfile, log, signal }) {
        const hash = createHash('sha256');
        const names: string[] = [];
        const tar = source.pipe(createGunzip()).pipe(extract());
        for await (const entry of tar) {
          names.push(entry.header.name);
          for await (const chunk of entry) hash.update(chunk as Buffer);
        }
        log(`read ${names.join(' ')}`);
        if (!names.includes(dockerfile)) throw new BuildFailed(`no ${dockerfile}`);
        if (names.includes('sleep'))
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
        return { digest: `sha256:${hash.digest('hex')}` };
      },
    },
    run: {
      async start(revision) {
        const key = `${revision.service} ${revision.name}`;
        const said = revision.env['FAIL'] ? ['first line', 'last line'] : [];
        for (const text of said) listener?.({ service: revision.service, revision: revision.name, text, stream: 'stderr' });
        if (revision.env['FAIL']) throw new RevisionFailed('HealthCheckContainerError', 'It ended with status 3.', said);
        if (revision.env['CRASH']) throw new Error('no space left on device');
        if (servers.has(key)) return;
        started.push(revision);
        const server = createServer((message, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({ revision: revision.name, url: message.url, env: revision.env, headers: message.headers }),
          );
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        servers.set(key, server);
      },
      onLine: (named) => {
        listener = named;
      },
      serve: async (service, revision) => void serving.set(service, revision),
      async remove(service) {
        serving.delete(service);
        for (const [key, server] of servers) if (key.startsWith(`${service} `)) server.close();
      },
      forward(service, message, response) {
        const port = portOf(service);
        if (port === undefined) return void response.writeHead(503).end();
        const inner = httpRequest(
          { port, host: '127.0.0.1', path: message.url, method: message.method, headers: message.headers },
          (reply) => {
            response.writeHead(reply.statusCode ?? 500, reply.headers);
            reply.pipe(response);
          },
        );
        message.pipe(inner);
      },
      upgrade: (_service, _message, socket) => socket.destroy(),
      loopbackUrl: (service) => (portOf(service) === undefined ? undefined : `http://127.0.0.1:${portOf(service)}`),
    },
    async stop() {
      for (const server of servers.values()) server.close();
      servers.clear();
    },
  };
}

/** Ends as its first argument says: a number is its exit status, `flaky` fails at the first attempt, `wait` goes on until it is cancelled. */
async function runTask(task: TaskAttempt, attempts: TaskAttempt[]): Promise<TaskEnd> {
  attempts.push(task);
  const [wish = '0'] = task.args;
  task.log(`task ${task.index} attempt ${task.attempt}`, 'stdout');
  if (wish === 'wait')
    await new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason), { once: true }));
  if (wish === 'timeout') return 'timeout';
  if (wish === 'signal') return { termSignal: 9 };
  if (wish === 'none') throw new RevisionFailed('ContainerMissing', 'It names no command.', []);
  if (wish === 'flaky') return { exitCode: task.attempt === 0 ? 1 : 0 };
  return { exitCode: Number(wish) };
}
