import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { CRM, enable, PROJECT, startChecked } from './checked-simulator.ts';

const V1 = 'https://serviceusage.googleapis.com/v1';
const PARENT = `${V1}/projects/${PROJECT}`;

let sim: TestSimulator;
beforeEach(async () => {
  sim = await startChecked([]);
});
afterEach(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

describe('what is enabled', () => {
  test('a new project has what Google gives it and nothing else', async () => {
    const { body } = await sim.call('GET', `${PARENT}/services?filter=state:ENABLED&pageSize=200`);
    const names = body.services.map((service: { name: string }) => service.name.split('/').at(-1));
    expect(names).toContain('storage.googleapis.com');
    expect(names).not.toContain('run.googleapis.com');
    expect(body.services[0].name).toMatch(new RegExp(`^projects/${sim.project.projectNumber}/services/`));
  });

  test('pages hold every service once', async () => {
    const seen: string[] = [];
    for (let token = ''; ; ) {
      const { body } = await sim.call('GET', `${PARENT}/services?pageSize=40&pageToken=${token}`);
      seen.push(...body.services.map((service: { name: string }) => service.name));
      token = body.nextPageToken ?? '';
      if (!token) break;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(150);
  });

  test('a service that is not enabled answers 403 SERVICE_DISABLED until it is', async () => {
    const url = `https://secretmanager.googleapis.com/v1/projects/${PROJECT}/secrets`;
    const before = await sim.call('GET', url);
    expect(before.status).toBe(403);
    expect(before.body.error.details[0].reason).toBe('SERVICE_DISABLED');
    await enable(sim, ['secretmanager']);
    expect((await sim.call('GET', url)).status).toBe(200);
  });
});

describe('enabling', () => {
  test('is an operation named by the project number, whose response holds the services', async () => {
    const started = await sim.call('POST', `${PARENT}/services/run.googleapis.com:enable`, {});
    expect(Object.keys(started.body)).toEqual(['name']);
    expect(started.body.name).toMatch(new RegExp(`^operations/acf\\.p2-${sim.project.projectNumber}-`));
    const { body } = await sim.until(`${V1}/${started.body.name}`, (operation) => operation.done);
    expect(body.response['@type']).toBe('type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse');
    expect(body.response.service).toMatchObject({ state: 'ENABLED', parent: `projects/${sim.project.projectNumber}` });
  });

  test('what is enabled already is done at once, under the name that cannot be waited for', async () => {
    await enable(sim, ['run']);
    const { body } = await sim.call('POST', `${PARENT}/services:batchEnable`, { serviceIds: ['run.googleapis.com'] });
    expect(body).toMatchObject({ name: 'operations/noop.DONE_OPERATION', done: true });
  });

  test('more than twenty at once, or one that does not exist, enables none', async () => {
    const many = Array.from({ length: 21 }, () => 'run.googleapis.com');
    expect((await sim.call('POST', `${PARENT}/services:batchEnable`, { serviceIds: many })).status).toBe(400);
    const serviceIds = ['run.googleapis.com', 'nonsense.googleapis.com'];
    const refused = await sim.call('POST', `${PARENT}/services:batchEnable`, { serviceIds });
    expect(refused.status).toBe(403);
    expect(refused.body.error.details.at(-1)).toMatchObject({ reason: 'SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED' });
    expect((await sim.call('GET', `${PARENT}/services/run.googleapis.com`)).body.state).toBe('DISABLED');
  });

  test('needs billing', async () => {
    await enable(sim, ['cloudbilling']);
    const billing = `https://cloudbilling.googleapis.com/v1/projects/${PROJECT}/billingInfo`;
    const { billingAccountName } = (await sim.call('GET', billing)).body;
    expect((await sim.call('PUT', billing, { billingAccountName: '' })).body.billingEnabled).toBe(false);
    const refused = await sim.call('POST', `${PARENT}/services/run.googleapis.com:enable`, {});
    expect(refused.body.error).toMatchObject({ code: 400, status: 'FAILED_PRECONDITION' });
    expect(refused.body.error.details[1].reason).toBe('UREQ_PROJECT_BILLING_NOT_FOUND');
    await sim.call('PUT', billing, { billingAccountName });
    expect((await sim.call('POST', `${PARENT}/services/run.googleapis.com:enable`, {})).status).toBe(200);
  });

  test('makes the accounts that come with a service, and their grants', async () => {
    const number = sim.project.projectNumber;
    await enable(sim, ['compute', 'iam', 'cloudresourcemanager']);
    const email = `${number}-compute@developer.gserviceaccount.com`;
    const account = await sim.call('GET', `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts/${email}`);
    expect(account.body).toMatchObject({ email, displayName: 'Compute Engine default service account' });
    const { bindings } = (await sim.call('POST', `${CRM}:getIamPolicy`, {})).body;
    expect(bindings).toContainEqual({ role: 'roles/editor', members: [`serviceAccount:${email}`] });
    expect(bindings).toContainEqual({ role: 'roles/owner', members: ['user:user@example.com'] });
  });

  test('survives a restart of the simulator before it is done', async () => {
    const slow = await startChecked([], { speed: 50 });
    try {
      const { name } = (await slow.call('POST', `${PARENT}/services/run.googleapis.com:enable`, {})).body;
      await slow.restart();
      await slow.until(`${V1}/${name}`, (operation) => operation.done === true);
      expect((await slow.call('GET', `${PARENT}/services/run.googleapis.com`)).body.state).toBe('ENABLED');
    } finally {
      await slow.remove();
    }
  });
});

describe('disabling', () => {
  test('is refused while another service needs it, unless that one goes too', async () => {
    await enable(sim, ['iam']);
    const url = `${PARENT}/services/iamcredentials.googleapis.com:disable`;
    const refused = await sim.call('POST', url, {});
    expect(refused.body.error.status).toBe('FAILED_PRECONDITION');
    expect(refused.body.error.message).toContain('iam.googleapis.com');
    expect((await sim.call('POST', url, { disableDependentServices: true })).status).toBe(200);
    expect((await sim.call('GET', `${PARENT}/services/iam.googleapis.com`)).body.state).toBe('DISABLED');
  });
});

test('batchGet takes names of its parent alone, at most thirty', async () => {
  const number = sim.project.projectNumber;
  const get = (parent: string, names: string[]) =>
    sim.call(
      'GET',
      `${V1}/projects/${parent}/services:batchGet?${names.map((name) => `names=${encodeURIComponent(name)}`).join('&')}`,
    );
  const { body } = await get(number, [
    `projects/${number}/services/run.googleapis.com`,
    `projects/${number}/services/storage.googleapis.com`,
  ]);
  expect(body.services.map((service: { state: string }) => service.state)).toEqual(['DISABLED', 'ENABLED']);
  expect((await get(number, ['projects/1/services/run.googleapis.com'])).status).toBe(400);
  expect(
    (
      await get(
        number,
        Array.from({ length: 31 }, () => `projects/${number}/services/run.googleapis.com`),
      )
    ).status,
  ).toBe(400);
});

test('a service identity is made once, and may be granted roles a while later', async () => {
  const url = `https://serviceusage.googleapis.com/v1beta1/projects/${PROJECT}/services/iap.googleapis.com:generateServiceIdentity`;
  const first = await sim.call('POST', url);
  expect(first.body).toMatchObject({
    done: true,
    response: { email: `service-${sim.project.projectNumber}@gcp-sa-iap.iam.gserviceaccount.com` },
  });
  expect((await sim.call('POST', url)).body.response.uniqueId).toBe(first.body.response.uniqueId);
  await enable(sim, ['cloudresourcemanager']);
  const policy = { bindings: [{ role: 'roles/run.invoker', members: [`serviceAccount:${first.body.response.email}`] }] };
  await expect
    .poll(async () => (await sim.call('POST', `${CRM}:setIamPolicy`, { policy })).status, { timeout: 5000, interval: 5 })
    .toBe(200);
});

test.each(['NoId', '123456789012'])(
  '%s, which cannot be the id of a project, is refused as one that is not yours',
  async (id) => {
    const { status, body } = await sim.call('GET', `${V1}/projects/${id}/services/run.googleapis.com`);
    expect([status, body.error.status]).toEqual([403, 'PERMISSION_DENIED']);
  },
);
