// Run as a process of its own by clients.test.ts: Google's libraries, told of the simulator by proxy settings alone.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ServicesClient } from '@google-cloud/run';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { Storage } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import { iam } from 'googleapis/build/src/apis/iam/index.js';
import { serviceusage } from 'googleapis/build/src/apis/serviceusage/index.js';
import { sqladmin } from 'googleapis/build/src/apis/sqladmin/index.js';
import { HttpsProxyAgent } from 'https-proxy-agent';

const { PROJECT = '', REGION = '', HTTPS_PROXY = '', NODE_EXTRA_CA_CERTS = '' } = process.env;
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: 'anything' });
const agent = new HttpsProxyAgent(HTTPS_PROXY, { ca: readFileSync(NODE_EXTRA_CA_CERTS) });
authClient.transporter.interceptors.request.add({
  resolved: async (options) => {
    options.agent = agent;
    return options;
  },
});

async function useStorage(): Promise<object> {
  const storage = new Storage({ projectId: PROJECT, authClient: authClient as never });
  const [bucket] = await storage.createBucket(`${PROJECT}-clients`, { location: 'europe-west1', versioning: { enabled: true } });
  const small = bucket.file('dir/small.txt');
  await small.save('hello there', { resumable: false, metadata: { contentType: 'text/plain', metadata: { who: 'me' } } });
  const data = randomBytes(3_000_000);
  const large = bucket.file('dir/large.bin');
  await large.save(data, { resumable: true, chunkSize: 1024 * 1024 });
  const [back] = await large.download();
  const [part] = await small.download({ start: 6, end: 10 });
  const [packed] = await bucket.file('packed.txt').exists();
  await bucket.file('packed.txt').save('squeezed '.repeat(100), { gzip: true });
  const [unpacked] = await bucket.file('packed.txt').download();
  const [files] = await bucket.getFiles({ prefix: 'dir/' });
  const [combined] = await bucket.combine([small, small], 'combined.txt');
  await small.copy(bucket.file('copied.txt'));
  await small.move('dir/moved.txt');
  const [metadata] = await bucket.file('dir/moved.txt').getMetadata();
  const refused = await bucket
    .file('dir/moved.txt')
    .save('again', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } })
    .catch((error: { code: number }) => error.code);
  const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
  const [combinedText] = await combined.download();
  await bucket.deleteFiles({ versions: true, force: true });
  await bucket.delete();
  const [gone] = await bucket.exists();
  return {
    same: back.equals(data),
    part: part.toString(),
    packed,
    unpacked: unpacked.toString().length,
    names: files.map(({ name }) => name),
    combined: combinedText.toString(),
    metadata: { contentType: metadata.contentType, custom: metadata.metadata, size: metadata.size },
    refused,
    roles: policy.bindings.length,
    gone,
  };
}

async function useRun(): Promise<object> {
  const client = new ServicesClient({ fallback: true, authClient: authClient as never });
  const parent = `projects/${PROJECT}/locations/${REGION}`;
  const name = `${parent}/services/library`;
  const missing = await client.getService({ name }).catch((error: { code: number }) => error.code);
  const [creation] = await client.createService({
    parent,
    serviceId: 'library',
    service: { template: { containers: [{ image: 'gcr.io/cloudrun/hello' }] }, ingress: 'INGRESS_TRAFFIC_ALL' },
  });
  const [service] = await creation.promise();
  const [change] = await client.updateService({ service: { name, labels: { a: 'b' } }, updateMask: { paths: ['labels'] } });
  const [changed] = await change.promise();
  const again = await client
    .createService({ parent, serviceId: 'library', service: { template: { containers: [{ image: 'x' }] } } })
    .catch((error: { code: number }) => error.code);
  const [services] = await client.listServices({ parent });
  const [deletion] = await client.deleteService({ name });
  await deletion.promise();
  await client.close();
  return {
    missing,
    state: service.terminalCondition?.state,
    uri: service.uri,
    timeout: service.template?.timeout,
    labels: changed.labels,
    again,
    listed: services.map(({ name: one }) => one),
  };
}

async function useSecrets(): Promise<object> {
  const client = new SecretManagerServiceClient({ fallback: true, authClient: authClient as never });
  const parent = `projects/${PROJECT}`;
  const [secret] = await client.createSecret({ parent, secretId: 'library', secret: { replication: { automatic: {} } } });
  const name = String(secret.name);
  const [version] = await client.addSecretVersion({ parent: name, payload: { data: Buffer.from('hush') } });
  const [accessed] = await client.accessSecretVersion({ name: `${name}/versions/latest` });
  const [disabled] = await client.disableSecretVersion({ name: String(version.name) });
  const refused = await client.accessSecretVersion({ name: String(version.name) }).catch((error: { code: number }) => error.code);
  const [policy] = await client.getIamPolicy({ resource: name });
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: ['user:a@example.com'] }];
  const [changed] = await client.setIamPolicy({ resource: name, policy: { ...policy, bindings } });
  const [versions] = await client.listSecretVersions({ parent: name });
  await client.deleteSecret({ name });
  const missing = await client.getSecret({ name }).catch((error: { code: number }) => error.code);
  await client.close();
  return {
    data: String(accessed.payload?.data),
    disabled: disabled.state,
    refused,
    members: changed.bindings?.[0]?.members,
    states: versions.map(({ state }) => state),
    missing,
  };
}

/** The libraries that are generated from the discovery documents. */
async function useApis(): Promise<object> {
  const auth = authClient as never;
  const sql = sqladmin({ version: 'v1', auth });
  const project = PROJECT;
  const requestBody = {
    name: 'library',
    region: REGION,
    databaseVersion: 'POSTGRES_17',
    settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE' },
  };
  const started = await sql.instances.insert({ project, requestBody });
  let status = started.data.status;
  for (const deadline = Date.now() + 10_000; status !== 'DONE' && Date.now() < deadline; )
    status = (await sql.operations.get({ project, operation: String(started.data.name) })).data.status;
  const taken = await sql.instances.insert({ project, requestBody }).catch((error: { status: number }) => error.status);
  const listed = await sql.instances.list({ project, filter: 'settings.tier:db-f1-micro' });
  const accounts = iam({ version: 'v1', auth }).projects.serviceAccounts;
  const made = await accounts.create({ name: `projects/${project}`, requestBody: { accountId: 'library' } });
  await accounts.delete({ name: String(made.data.name) });
  const services = await serviceusage({ version: 'v1', auth }).services.list({
    parent: `projects/${project}`,
    filter: 'state:ENABLED',
    pageSize: 200,
  });
  return {
    status,
    taken,
    instances: listed.data.items?.map(({ name, state }) => ({ name, state })),
    email: made.data.email,
    enabled: services.data.services?.some(({ config }) => config?.name === 'sqladmin.googleapis.com'),
  };
}

const results = { storage: await useStorage(), run: await useRun(), secrets: await useSecrets(), apis: await useApis() };
process.stdout.write(JSON.stringify(results));
