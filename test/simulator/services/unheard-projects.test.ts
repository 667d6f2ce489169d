import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';

const CRM = 'https://cloudresourcemanager.googleapis.com';
const ID = 'somebody-works-here';
let sim: TestSimulator;
beforeEach(async () => {
  sim = await startTestSimulator();
});
afterEach(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const secrets = (project: string) => `https://secretmanager.googleapis.com/v1/projects/${project}/secrets`;
const makeSecret = (project: string, name: string) =>
  sim.call('POST', `${secrets(project)}?secretId=${name}`, { replication: { automatic: {} } });
const there = async () => [
  (await sim.call('GET', `${CRM}/v1/projects/${ID}`)).status,
  (await sim.call('GET', `${CRM}/v3/projects/${ID}`)).status,
  (await sim.call('GET', `${CRM}/v1/projects`)).body.projects.length,
  (await sim.call('GET', `${CRM}/v3/projects:search`)).body.projects.length,
];

test('a project never heard of is not there as long as it is only read', async () => {
  expect(await there()).toEqual([403, 403, 1, 1]);
  expect((await sim.call('GET', secrets(ID))).body).toEqual({});
  expect((await sim.call('GET', `https://run.googleapis.com/v2/projects/${ID}/locations/us-central1/services`)).status).toBe(200);
  await sim.call('POST', `${CRM}/v1/projects/${ID}:testIamPermissions`, { permissions: ['run.services.get'] });
  expect(await there()).toEqual([403, 403, 1, 1]);
});

test('the first change makes it one that somebody already works in: billing, services, accounts', async () => {
  expect((await makeSecret(ID, 'first')).status).toBe(200);
  expect(await there()).toEqual([200, 200, 2, 2]);
  const billing = await sim.call('GET', `https://cloudbilling.googleapis.com/v1/projects/${ID}/billingInfo`);
  expect(billing.body.billingEnabled).toBe(true);
  const run = await sim.call('GET', `https://serviceusage.googleapis.com/v1/projects/${ID}/services/run.googleapis.com`);
  expect(run.body.state).toBe('ENABLED');
  const policy = await sim.call('POST', `${CRM}/v1/projects/${ID}:getIamPolicy`, {});
  expect(policy.body.bindings).toContainEqual({
    role: 'roles/run.serviceAgent',
    members: [expect.stringMatching(/^serviceAccount:service-\d+@serverless-robot-prod\.iam\.gserviceaccount\.com$/)],
  });
  expect(policy.body.bindings[0]).toEqual({ role: 'roles/owner', members: ['user:user@example.com'] });
});

test('a service can be disabled there, though others might rest on it', async () => {
  const url = `https://serviceusage.googleapis.com/v1/projects/${ID}/services/pubsub.googleapis.com`;
  const { body } = await sim.call('POST', `${url}:disable`, {});
  await sim.until(`https://serviceusage.googleapis.com/v1/${body.name}`, ({ done }) => done === true);
  expect((await sim.call('GET', url)).body.state).toBe('DISABLED');
});

test('a change that is refused makes nothing', async () => {
  expect((await makeSecret(ID, 'not.a.name')).status).toBe(400);
  expect((await there())[0]).toBe(403);
});

test('its number is known from the first read on, leads to it, and stays', async () => {
  const { body } = await sim.call('GET', `https://serviceusage.googleapis.com/v1/projects/${ID}/services/run.googleapis.com`);
  const number = body.parent.replace('projects/', '');
  expect(number).toMatch(/^\d{12}$/);
  const made = await makeSecret(number, 'by-number');
  expect(made.body.name).toBe(`projects/${number}/secrets/by-number`);
  await sim.restart();
  expect((await sim.call('GET', `${CRM}/v1/projects/${ID}`)).body.projectNumber).toBe(number);
  expect((await sim.call('GET', `${secrets(ID)}/by-number`)).status).toBe(200);
});

test('the project of the simulator itself and those that are made have to have their services enabled', async () => {
  expect((await sim.call('GET', secrets(sim.project.projectId))).body.error.details[0].reason).toBe('SERVICE_DISABLED');
  // Looking at it first changes nothing.
  await sim.call('GET', secrets(ID));
  const { name } = (await sim.call('POST', `${CRM}/v3/projects`, { projectId: ID })).body;
  await sim.until(`${CRM}/v3/${name}`, ({ done }) => done === true);
  expect((await sim.call('GET', secrets(ID))).body.error.details[0].reason).toBe('SERVICE_DISABLED');
  const billing = await sim.call('GET', `https://cloudbilling.googleapis.com/v1/projects/${ID}/billingInfo`);
  expect(billing.body.billingEnabled).toBe(false);
});

test.each(['Upper-case', 'short', '1digit-first', '999999999999'])('%s cannot be a project, so it is refused', async (id) => {
  expect((await makeSecret(id, 'x')).status).toBe(403);
});

test('in a project that waits to be deleted nothing can be done until it is had back', async () => {
  await makeSecret(ID, 'kept');
  expect((await sim.call('DELETE', `${CRM}/v3/projects/${ID}`)).body.response.state).toBe('DELETE_REQUESTED');
  const refused = await sim.call('GET', secrets(ID));
  expect([refused.status, refused.body.error.details[0].reason]).toEqual([403, 'CONSUMER_INVALID']);
  await sim.call('POST', `${CRM}/v3/projects/${ID}:undelete`, {});
  expect((await sim.call('GET', `${secrets(ID)}/kept`)).status).toBe(200);
});

test('the billing account pays for every project that is linked to it', async () => {
  await makeSecret(ID, 'paid');
  const [account] = (await sim.call('GET', 'https://cloudbilling.googleapis.com/v1/billingAccounts')).body.billingAccounts;
  const { body } = await sim.call('GET', `https://cloudbilling.googleapis.com/v1/${account.name}/projects`);
  const paid = body.projectBillingInfo.map(({ projectId }: { projectId: string }) => projectId);
  expect(paid).toEqual([sim.project.projectId, ID]);
});
