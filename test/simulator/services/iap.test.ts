import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { enable, PROJECT, startChecked } from './checked-simulator.ts';

const V1 = 'https://iap.googleapis.com/v1';
const MEMBER = { bindings: [{ role: 'roles/iap.httpsResourceAccessor', members: ['user:a@example.com'] }] };

let sim: TestSimulator;
let number: string;
beforeAll(async () => {
  sim = await startChecked(['iap', 'run', 'compute']);
  number = sim.project.projectNumber;
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const settings = (name: string) => `${V1}/${name}:iapSettings`;

describe('settings', () => {
  test('are changed under the mask, with its paths named from the request or from the settings', async () => {
    const url = settings(`projects/${PROJECT}`);
    expect((await sim.call('GET', url)).body).toEqual({ name: `projects/${number}` });
    const changed = await sim.call('PATCH', `${url}?updateMask=iapSettings.accessSettings.corsSettings.allowHttpOptions`, {
      accessSettings: { corsSettings: { allowHttpOptions: true }, reauthSettings: { maxAge: '300s' } },
    });
    expect(changed.body).toEqual({
      name: `projects/${number}`,
      accessSettings: { corsSettings: { allowHttpOptions: true } },
    });
    await sim.call('PATCH', `${url}?updateMask=application_settings.cookie_domain`, {
      applicationSettings: { cookieDomain: '.example.com' },
    });
    expect((await sim.call('GET', url)).body).toMatchObject({
      accessSettings: { corsSettings: { allowHttpOptions: true } },
      applicationSettings: { cookieDomain: '.example.com' },
    });
    await sim.call('PATCH', `${url}?updateMask=applicationSettings.cookieDomain`, {});
    expect((await sim.call('GET', url)).body.applicationSettings).toBeUndefined();
    await sim.call('PATCH', url, {});
    expect((await sim.call('GET', url)).body).toEqual({ name: `projects/${number}` });
  });

  test('a field that there is not is refused', async () => {
    const { body } = await sim.call('PATCH', `${settings(`projects/${PROJECT}`)}?updateMask=name`, {});
    expect(body.error.status).toBe('INVALID_ARGUMENT');
  });

  test('a client secret comes back as its hash alone, and is kept nowhere', async () => {
    const url = settings(`projects/${PROJECT}/iap_web`);
    const mask = 'accessSettings.oauthSettings.clientId,accessSettings.oauthSettings.clientSecret';
    const oauthSettings = { clientId: '1.apps.googleusercontent.com', clientSecret: 'GOCSPX-open-sesame' };
    await sim.call('PATCH', `${url}?updateMask=${mask}`, { accessSettings: { oauthSettings } });
    expect((await sim.call('GET', url)).body.accessSettings.oauthSettings).toEqual({
      clientId: oauthSettings.clientId,
      clientSecretSha256: createHash('sha256').update(oauthSettings.clientSecret).digest('hex'),
    });
    expect((await sim.control('GET', '/_simulator/state')).bytes.toString()).not.toContain('open-sesame');
  });

  test('a backend service is answered by its number, and found by that', async () => {
    const named = settings(`projects/${PROJECT}/iap_web/compute-us-central1/services/backend`);
    const { body } = await sim.call('PATCH', named, { applicationSettings: { cookieDomain: '.test' } });
    expect(body.name).toMatch(new RegExp(`^projects/${number}/iap_web/compute-us-central1/services/\\d+$`));
    expect((await sim.call('GET', settings(body.name))).body).toEqual(body);
  });
});

test('a backend service of a global load balancer must be there', async () => {
  const backend = `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/global/backendServices`;
  const url = settings(`projects/${PROJECT}/iap_web/compute/services/mlflow`);
  expect((await sim.call('GET', url)).status).toBe(404);
  await sim.call('POST', backend, { name: 'mlflow', loadBalancingScheme: 'EXTERNAL_MANAGED', protocol: 'HTTPS' });
  const { body } = await sim.until(`${backend}/mlflow`, (one) => one.id !== undefined);
  const name = `projects/${number}/iap_web/compute/services/${body.id}`;
  expect((await sim.call('GET', url)).body).toEqual({ name });
  await sim.call('POST', `${V1}/${name}:setIamPolicy`, { policy: MEMBER });
  const byName = await sim.call('POST', `${V1}/projects/${number}/iap_web/compute/services/mlflow:getIamPolicy`, {});
  expect(byName.body.bindings).toEqual(MEMBER.bindings);
});

describe('who may pass', () => {
  test('a Cloud Run service has a policy of its own, when it is there', async () => {
    const resource = `projects/${number}/iap_web/cloud_run-us-central1/services/wine`;
    expect((await sim.call('POST', `${V1}/${resource}:setIamPolicy`, { policy: MEMBER })).status).toBe(404);
    const service = { template: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] } };
    const parent = `https://run.googleapis.com/v2/projects/${PROJECT}/locations/us-central1`;
    await enable(sim, ['artifactregistry']);
    const made = await sim.call('POST', `${parent}/services?serviceId=wine`, service);
    expect([made.status, made.body.error]).toEqual([200, undefined]);
    expect((await sim.call('POST', `${V1}/${resource}:setIamPolicy`, { policy: MEMBER })).body.bindings).toEqual(MEMBER.bindings);
    const byId = await sim.call('POST', `${V1}/${resource.replace(number, PROJECT)}:getIamPolicy`, {});
    expect(byId.body.bindings).toEqual(MEMBER.bindings);
    const other = await sim.call('POST', `${V1}/projects/${number}/iap_web:getIamPolicy`, {});
    expect(other.body.bindings).toBeUndefined();
    const asked = { permissions: ['iap.webServiceVersions.accessViaIAP'] };
    expect((await sim.call('POST', `${V1}/${resource}:testIamPermissions`, asked)).body).toEqual(asked);
  });

  test('a stale etag is refused', async () => {
    const url = `${V1}/projects/${number}/iap_web`;
    const first = await sim.call('POST', `${url}:setIamPolicy`, { policy: MEMBER });
    await sim.call('POST', `${url}:setIamPolicy`, { policy: { ...MEMBER, etag: first.body.etag } });
    const stale = await sim.call('POST', `${url}:setIamPolicy`, { policy: { ...MEMBER, etag: first.body.etag } });
    expect(stale.body.error).toMatchObject({ code: 409, status: 'ABORTED' });
  });

  test.each(['folders/1', `projects/${PROJECT}/iap_web/else`, `projects/${PROJECT}/other`])('%s is no resource', async (name) => {
    expect((await sim.call('POST', `${V1}/${name}:getIamPolicy`, {})).body.error.status).toBe('INVALID_ARGUMENT');
  });
});

test('brands and their clients are gone', async () => {
  expect((await sim.call('GET', `${V1}/projects/${PROJECT}/brands`)).status).toBe(404);
  expect((await sim.call('POST', `${V1}/projects/${PROJECT}/brands`, { applicationTitle: 'x' })).status).toBe(404);
});
