import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { enable, PROJECT, startChecked } from './checked-simulator.ts';

const V2 = `https://orgpolicy.googleapis.com/v2/projects/${PROJECT}`;
const IAM = `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`;
const STORAGE = 'https://storage.googleapis.com/storage/v1/b';
const SQL = `https://sqladmin.googleapis.com/v1/projects/${PROJECT}/instances`;
const RUN = `https://run.googleapis.com/v2/projects/${PROJECT}/locations/us-central1/services`;
const SECRETS = `https://secretmanager.googleapis.com/v1/projects/${PROJECT}/secrets`;

let sim: TestSimulator;
let number: string;
let count = 0;
beforeAll(async () => {
  sim = await startChecked(['orgpolicy', 'iam', 'sqladmin', 'run', 'secretmanager', 'artifactregistry']);
  number = sim.project.projectNumber;
});
beforeEach(async () => {
  count++;
  const { body } = await sim.control('GET', '/_simulator/orgpolicy');
  for (const { constraint } of body.policies) await restrict({ constraint, reset: true });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function restrict(body: object): Promise<void> {
  const answer = await sim.control('POST', '/_simulator/orgpolicy', body);
  expect([answer.status, answer.body.error]).toEqual([200, undefined]);
}
const effective = async (name: string) => (await sim.call('GET', `${V2}/policies/${name}:getEffectivePolicy`)).body.spec.rules;

describe('policies', () => {
  test('restrict nothing until the organisation does, and nothing again after a reset', async () => {
    expect(await effective('storage.uniformBucketLevelAccess')).toEqual([{ enforce: false }]);
    expect(await effective('gcp.resourceLocations')).toEqual([{ allowAll: true }]);
    await restrict({ constraint: 'constraints/storage.uniformBucketLevelAccess', enforce: true });
    await restrict({ constraint: 'gcp.resourceLocations', allowedValues: ['in:eu-locations'] });
    expect(await effective('storage.uniformBucketLevelAccess')).toEqual([{ enforce: true }]);
    expect(await effective('gcp.resourceLocations')).toEqual([{ values: { allowedValues: ['in:eu-locations'] } }]);
    expect((await sim.call('GET', `${V2}/policies`)).body).toEqual({});
    expect((await sim.call('GET', `${V2}/policies/gcp.resourceLocations`)).body.error.status).toBe('NOT_FOUND');
    await sim.restart();
    expect(await effective('storage.uniformBucketLevelAccess')).toEqual([{ enforce: true }]);
    await restrict({ constraint: 'storage.uniformBucketLevelAccess', reset: true });
    expect(await effective('storage.uniformBucketLevelAccess')).toEqual([{ enforce: false }]);
  });

  test('of a project stand above those of the organisation', async () => {
    const name = `projects/${number}/policies/run.allowedIngress`;
    await restrict({ constraint: 'run.allowedIngress', allowedValues: ['internal'] });
    const spec = { inheritFromParent: true, rules: [{ values: { allowedValues: ['all'] } }] };
    const made = await sim.call('POST', `${V2}/policies`, { name, spec });
    expect(made.body).toMatchObject({ name, spec, etag: expect.any(String) });
    expect((await sim.call('POST', `${V2}/policies`, { name, spec })).status).toBe(409);
    expect(await effective('run.allowedIngress')).toEqual([{ values: { allowedValues: ['internal', 'all'] } }]);
    const alone = { name, spec: { rules: [{ allowAll: true }] } };
    await sim.call('PATCH', `${V2}/policies/run.allowedIngress`, alone);
    expect(await effective('run.allowedIngress')).toEqual([{ allowAll: true }]);
    const stale = await sim.call('PATCH', `${V2}/policies/run.allowedIngress`, { ...alone, etag: made.body.etag });
    expect(stale.body.error.status).toBe('ABORTED');
    const mixed = { name, spec: { rules: [{ enforce: true }] } };
    expect((await sim.call('PATCH', `${V2}/policies/run.allowedIngress`, mixed)).status).toBe(400);
    expect((await sim.call('GET', `${V2}/policies`)).body.policies).toHaveLength(1);
    expect((await sim.call('DELETE', `${V2}/policies/run.allowedIngress`)).status).toBe(200);
    expect(await effective('run.allowedIngress')).toEqual([{ values: { allowedValues: ['internal'] } }]);
  });

  test('are of constraints that there are', async () => {
    const { body } = await sim.call('GET', `${V2}/constraints?pageSize=5`);
    expect(body.constraints[0].name).toBe(`projects/${number}/constraints/compute.disableGlobalLoadBalancing`);
    expect(body.nextPageToken).toBeDefined();
    expect((await sim.call('GET', `${V2}/policies/no.such:getEffectivePolicy`)).status).toBe(400);
  });

  test.each([
    [{ constraint: 'no.such', enforce: true }],
    [{ constraint: 'sql.restrictPublicIp', allowedValues: ['x'] }],
    [{ constraint: 'gcp.resourceLocations', enforce: true }],
    ['{'],
  ])('%j cannot be set', async (body) => {
    expect((await sim.control('POST', '/_simulator/orgpolicy', body)).status).toBe(400);
  });
});

describe('what they forbid', () => {
  test('service account keys', async () => {
    const email = `account-${count}@${PROJECT}.iam.gserviceaccount.com`;
    await sim.call('POST', IAM, { accountId: `account-${count}` });
    await restrict({ constraint: 'iam.disableServiceAccountKeyCreation', enforce: true });
    const { body } = await sim.call('POST', `${IAM}/${email}/keys`, {});
    expect(body.error).toMatchObject({
      code: 400,
      status: 'FAILED_PRECONDITION',
      message: 'Key creation is not allowed on this service account.',
      details: [{ violations: [{ type: 'constraints/iam.disableServiceAccountKeyCreation' }] }],
    });
    await restrict({ constraint: 'iam.disableServiceAccountKeyCreation', enforce: false });
    expect((await sim.call('POST', `${IAM}/${email}/keys`, {})).status).toBe(200);
    await restrict({ constraint: 'iam.managed.disableServiceAccountKeyCreation', enforce: true });
    expect((await sim.call('POST', `${IAM}/${email}/keys`, {})).body.error.status).toBe('FAILED_PRECONDITION');
  });

  test('buckets with access lists of their own, or elsewhere, or open to all', async () => {
    const uniform = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
    const make = (body: object) => sim.call('POST', `${STORAGE}?project=${PROJECT}`, { name: `bucket-${count}`, ...body });
    await restrict({ constraint: 'storage.uniformBucketLevelAccess', enforce: true });
    await restrict({ constraint: 'gcp.resourceLocations', allowedValues: ['in:eu-locations'] });
    await restrict({ constraint: 'storage.publicAccessPrevention', enforce: true });
    expect((await make({ location: 'EU' })).body.error).toMatchObject({
      code: 412,
      message: "Request violates constraint 'constraints/storage.uniformBucketLevelAccess'",
      errors: [{ reason: 'conditionNotMet' }],
    });
    expect((await make({ ...uniform, location: 'US' })).body.error.message).toContain('constraints/gcp.resourceLocations');
    expect((await make({ ...uniform, location: 'europe-west1' })).status).toBe(200);
    const open = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
    expect((await sim.call('PATCH', `${STORAGE}/bucket-${count}`, open)).status).toBe(412);
    const policy = { bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }] };
    expect((await sim.call('PUT', `${STORAGE}/bucket-${count}/iam`, policy)).status).toBe(412);
  });

  test('databases with an address of their own', async () => {
    const database = (ip: object) => ({
      name: `sql-${count}`,
      region: 'us-central1',
      databaseVersion: 'POSTGRES_17',
      settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE', ipConfiguration: ip },
    });
    await restrict({ constraint: 'sql.restrictPublicIp', enforce: true });
    const refused = await sim.call('POST', SQL, database({ ipv4Enabled: true }));
    expect(refused.body.error).toMatchObject({
      code: 400,
      message: `Invalid request: Organization Policy check failure: the external IP of this instance violates the constraints/sql.restrictPublicIp enforced at the ${number} project.`,
    });
    await restrict({ constraint: 'sql.restrictPublicIp', reset: true });
    await restrict({ constraint: 'sql.restrictAuthorizedNetworks', enforce: true });
    const networks = { ipv4Enabled: true, authorizedNetworks: [{ value: '192.0.2.0/24' }] };
    expect((await sim.call('POST', SQL, database(networks))).status).toBe(400);
    expect((await sim.call('POST', SQL, database({ ipv4Enabled: true }))).status).toBe(200);
  });

  test('members of other domains, where they are new', async () => {
    await sim.call('POST', `${SECRETS}?secretId=s${count}`, { replication: { automatic: {} } });
    const set = (...members: string[]) =>
      sim.call('POST', `${SECRETS}/s${count}:setIamPolicy`, {
        policy: { bindings: [{ role: 'roles/secretmanager.secretAccessor', members }] },
      });
    await set('user:before@else.test');
    await restrict({ constraint: 'iam.allowedPolicyMemberDomains', allowedValues: ['example.com'] });
    expect((await set('user:before@else.test', 'user:a@example.com', 'domain:example.com')).status).toBe(200);
    for (const member of ['user:a@else.test', 'allUsers', 'serviceAccount:x@their-project.iam.gserviceaccount.com']) {
      const { body } = await set('user:a@example.com', member);
      expect(body.error).toMatchObject({
        status: 'FAILED_PRECONDITION',
        message: 'One or more users named in the policy do not belong to a permitted customer.',
        details: [{ violations: [{ type: 'constraints/iam.allowedPolicyMemberDomains' }] }],
      });
    }
    const agent = `serviceAccount:service-${number}@serverless-robot-prod.iam.gserviceaccount.com`;
    expect((await set('user:a@example.com', agent)).body.error).toBeUndefined();
  });

  test('places', async () => {
    await restrict({ constraint: 'gcp.resourceLocations', allowedValues: ['in:eu-locations'], deniedValues: ['europe-west3'] });
    const secret = await sim.call('POST', `${SECRETS}?secretId=p${count}`, { replication: { automatic: {} } });
    expect(secret.body.error).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: `Constraint constraints/gcp.resourceLocations violated for [orgpolicy:projects/${number}] attempting to create a secret in [global]. For more information, see https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations.`,
    });
    const repository = (place: string) =>
      sim.call(
        'POST',
        `https://artifactregistry.googleapis.com/v1/projects/${PROJECT}/locations/${place}/repositories?repositoryId=r${count}`,
        {
          format: 'DOCKER',
        },
      );
    expect((await repository('us-central1')).body.error.status).toBe('FAILED_PRECONDITION');
    // London is in Europe, and not in the European Union.
    expect((await repository('europe-west2')).body.error.status).toBe('FAILED_PRECONDITION');
    expect((await repository('europe-west3')).body.error.status).toBe('FAILED_PRECONDITION');
    expect((await repository('europe-west1')).status).toBe(200);
  });

  test('open services', async () => {
    const service = (more: object) =>
      sim.call('POST', `${RUN}?serviceId=run${count}&validateOnly=true`, {
        template: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] },
        ...more,
      });
    await restrict({ constraint: 'run.managed.requireInvokerIam', enforce: true });
    expect((await service({ invokerIamDisabled: true })).body.error.status).toBe('FAILED_PRECONDITION');
    expect((await service({})).status).toBe(200);
    await restrict({ constraint: 'run.allowedIngress', allowedValues: ['internal-and-cloud-load-balancing'] });
    expect((await service({})).body.error).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message:
        'Constraint constraints/run.allowedIngress violated for attempting CreateService with annotation "run.googleapis.com/ingress" set to all.',
    });
    expect((await service({ ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' })).status).toBe(200);
  });

  test('load balancers', async () => {
    await enable(sim, ['compute']);
    const url = `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/global/forwardingRules`;
    const make = (loadBalancingScheme: string) =>
      sim.call('POST', url, { name: 'rule', loadBalancingScheme, target: 'nothing/here' });
    const reason = async (scheme: string) => (await make(scheme)).body.error.errors[0].reason;
    expect(await reason('EXTERNAL_MANAGED')).not.toBe('conditionNotMet');
    const constraint = 'compute.restrictLoadBalancerCreationForTypes';
    await restrict({ constraint, allowedValues: ['EXTERNAL_HTTP_HTTPS'] });
    expect((await make('EXTERNAL_MANAGED')).body.error).toMatchObject({
      code: 412,
      message: expect.stringContaining(constraint),
    });
    expect(await reason('EXTERNAL')).not.toBe('conditionNotMet');
    await restrict({ constraint, deniedValues: ['in:EXTERNAL'] });
    expect(await reason('EXTERNAL')).toBe('conditionNotMet');
    await restrict({ constraint, reset: true });
    await restrict({ constraint: 'compute.disableGlobalLoadBalancing', enforce: true });
    expect((await make('EXTERNAL_MANAGED')).body.error.message).toContain('compute.disableGlobalLoadBalancing');
  });

  test('service accounts', async () => {
    const make = () => sim.call('POST', IAM, { accountId: `made-${count}` });
    await restrict({ constraint: 'iam.disableServiceAccountCreation', enforce: true });
    expect((await make()).body.error).toMatchObject({
      code: 400,
      status: 'FAILED_PRECONDITION',
      message: 'Service account creation is not allowed on this project.',
      details: [{ violations: [{ type: 'constraints/iam.disableServiceAccountCreation' }] }],
    });
    await restrict({ constraint: 'iam.disableServiceAccountCreation', reset: true });
    await restrict({ constraint: 'iam.managed.disableServiceAccountCreation', enforce: true });
    expect((await make()).body.error.details[0].metadata.customConstraints).toBe(
      'constraints/iam.managed.disableServiceAccountCreation',
    );
    await restrict({ constraint: 'iam.managed.disableServiceAccountCreation', enforce: false });
    expect((await make()).status).toBe(200);
  });

  test('members that a managed policy does not name', async () => {
    await sim.call('POST', `${SECRETS}?secretId=m${count}`, { replication: { automatic: {} } });
    await sim.call('POST', IAM, { accountId: `member-${count}` });
    const own = `serviceAccount:member-${count}@${PROJECT}.iam.gserviceaccount.com`;
    const set = async (...members: string[]) => {
      const policy = { bindings: [{ role: 'roles/secretmanager.secretAccessor', members }] };
      return (await sim.call('POST', `${SECRETS}/m${count}:setIamPolicy`, { policy })).status;
    };
    const enforce = (parameters: object) =>
      restrict({ constraint: 'iam.managed.allowedPolicyMembers', enforce: true, parameters });
    await enforce({ allowedMemberSubjects: ['user:a@example.com'] });
    expect([await set('user:a@example.com'), await set('allUsers'), await set(own)]).toEqual([200, 400, 400]);
    await enforce({ allowedPrincipalSets: ['//cloudresourcemanager.googleapis.com/organizations/1'] });
    expect([await set(own), await set('allUsers')]).toEqual([200, 400]);
    expect(await effective('iam.managed.allowedPolicyMembers')).toEqual([
      { enforce: true, parameters: { allowedPrincipalSets: ['//cloudresourcemanager.googleapis.com/organizations/1'] } },
    ]);
  });

  test('services', async () => {
    await restrict({ constraint: 'gcp.restrictServiceUsage', deniedValues: ['secretmanager.googleapis.com'] });
    const { status, body } = await sim.call('GET', SECRETS);
    expect([status, body.error.details[0].reason]).toEqual([403, 'RESOURCE_USAGE_RESTRICTION_VIOLATED']);
    expect(body.error.message).toBe(
      `Request is disallowed by organization's constraints/gcp.restrictServiceUsage constraint for 'projects/${number}' attempting to use service 'secretmanager.googleapis.com'.`,
    );
    expect((await sim.call('GET', SQL)).status).toBe(200);
    await restrict({ constraint: 'gcp.restrictServiceUsage', allowedValues: ['secretmanager.googleapis.com'] });
    expect([(await sim.call('GET', SECRETS)).status, (await sim.call('GET', SQL)).status]).toEqual([200, 403]);
    expect((await sim.call('GET', IAM)).status).toBe(200);
  });

  test('what has no key of the customer', async () => {
    const services = ['sqladmin', 'storage', 'artifactregistry', 'secretmanager', 'run'].map((name) => `${name}.googleapis.com`);
    await restrict({ constraint: 'gcp.restrictNonCmekServices', deniedValues: services });
    const repositories = `https://artifactregistry.googleapis.com/v1/projects/${PROJECT}/locations/us-central1/repositories`;
    const refusals = await Promise.all([
      sim.call('POST', SQL, {
        name: `keyless-${count}`,
        region: 'us-central1',
        databaseVersion: 'POSTGRES_17',
        settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE' },
      }),
      sim.call('POST', `${STORAGE}?project=${PROJECT}`, { name: `keyless-${count}` }),
      sim.call('POST', `${repositories}?repositoryId=k${count}`, { format: 'DOCKER' }),
      sim.call('POST', `${SECRETS}?secretId=k${count}`, { replication: { automatic: {} } }),
      sim.call('POST', `${RUN}?serviceId=k${count}&validateOnly=true`, {
        template: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] },
      }),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([400, 412, 400, 400, 400]);
    for (const { body } of refusals) expect(body.error.message).toContain('constraints/gcp.restrictNonCmekServices');
    const encryption = { defaultKmsKeyName: 'projects/p/locations/us/keyRings/r/cryptoKeys/k' };
    expect((await sim.call('POST', `${STORAGE}?project=${PROJECT}`, { name: `keyed-${count}`, encryption })).status).toBe(200);
  });

  test('images that nobody vouches for', async () => {
    const v1 = `https://us-central1-run.googleapis.com/v1/projects/${PROJECT}/locations/us-central1/services?dryRun=all`;
    const make = (annotations: Record<string, string>) =>
      sim.call('POST', v1, {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        metadata: { name: `binary${count}`, namespace: PROJECT, annotations },
        spec: { template: { spec: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] } } },
      });
    await restrict({ constraint: 'run.allowedBinaryAuthorizationPolicies', allowedValues: ['default'] });
    expect((await make({})).body.error.message).toContain('constraints/run.allowedBinaryAuthorizationPolicies violated');
    expect((await make({ 'run.googleapis.com/binary-authorization': 'default' })).status).toBe(200);
  });

  test('the Editor role of default service accounts', async () => {
    const other = await startChecked(['orgpolicy', 'iam']);
    await other.control('POST', '/_simulator/orgpolicy', {
      constraint: 'iam.automaticIamGrantsForDefaultServiceAccounts',
      enforce: true,
    });
    await enable(other, ['compute']);
    const { body } = await other.call(
      'POST',
      `https://cloudresourcemanager.googleapis.com/v1/projects/${PROJECT}:getIamPolicy`,
      {},
    );
    expect(JSON.stringify(body.bindings)).not.toContain('-compute@developer');
    const account = `${IAM}/${other.project.projectNumber}-compute@developer.gserviceaccount.com`;
    expect((await other.call('GET', account)).status).toBe(200);
    await other.remove();
  });
});
