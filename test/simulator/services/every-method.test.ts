import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { type Step, walk as walkOn } from './walk.ts';

// Methods that no other test has a reason to call, called for the form of their answers: each is held against Google's schemas by `startChecked`
// and by the guard of `startTestSimulator`.
const P = `projects/${PROJECT}`;
const REGION = 'us-central1';
const GLOBAL = `${P}/locations/global`;
const C = `https://compute.googleapis.com/compute/v1/${P}`;
const PERMISSIONS = { permissions: ['resourcemanager.projects.get'] };
const POLICY = { policy: { bindings: [{ role: 'roles/viewer', members: ['user:a@example.com'] }] } };

let sim: TestSimulator;
beforeAll(async () => {
  const names = 'artifactregistry certificatemanager cloudbuild compute dns domains iam run secretmanager sqladmin';
  sim = await startChecked(names.split(' '));
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

const walk = (steps: Step[]) => walkOn(sim, steps);

test('compute', async () => {
  const neg = { name: 'neg', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'web' } };
  const service = { name: 'be', loadBalancingScheme: 'EXTERNAL_MANAGED' };
  const proxy = { name: 'hp', urlMap: 'global/urlMaps/um' };
  const certificate = { name: 'cert', type: 'MANAGED', managed: { domains: ['www.example.org'] } };
  const tls = { name: 'tp', urlMap: 'global/urlMaps/um', sslCertificates: ['global/sslCertificates/cert'] };
  await walk(
    [
      [`POST ${C}/global/addresses`, { name: 'ip' }],
      [`POST ${C}/regions/${REGION}/networkEndpointGroups`, neg],
      [`POST ${C}/global/securityPolicies`, { name: 'pol' }],
      [`POST ${C}/global/securityPolicies`, { name: 'edge', type: 'CLOUD_ARMOR_EDGE' }],
      [`POST ${C}/global/backendServices`, service],
      [`POST ${C}/global/backendServices/be/setEdgeSecurityPolicy`, { securityPolicy: 'global/securityPolicies/edge' }],
      [`POST ${C}/global/sslCertificates`, certificate],
      [`POST ${C}/global/sslPolicies`, { name: 'ssl', profile: 'MODERN', minTlsVersion: 'TLS_1_2' }],
      [`POST ${C}/global/urlMaps`, { name: 'um', defaultService: 'global/backendServices/be' }],
      [`PATCH ${C}/global/urlMaps/um`, { description: 'x' }],
      [`POST ${C}/global/urlMaps/um/invalidateCache`, { path: '/*' }],
      [`POST ${C}/global/targetHttpProxies`, proxy],
      [`GET ${C}/global/targetHttpProxies/hp`],
      [`POST ${C}/targetHttpProxies/hp/setUrlMap`, { urlMap: 'global/urlMaps/um' }],
      [`POST ${C}/global/targetHttpsProxies`, tls],
      [`GET ${C}/global/targetHttpsProxies/tp`],
    ].filter(([what]) => what) as Step[],
  );
  const lists = [
    'addresses',
    'securityPolicies',
    'backendServices',
    'sslCertificates',
    'sslPolicies',
    'urlMaps',
    'targetHttpProxies',
    'targetHttpsProxies',
    'operations',
  ];
  await walk(lists.map((kind): Step => [`GET ${C}/global/${kind}`]));
  const aggregated = [...lists, 'networkEndpointGroups', 'forwardingRules'];
  await walk(aggregated.map((kind): Step => [`GET ${C}/aggregated/${kind}`]));
  await walk([
    [`GET ${C}/regions`],
    [`GET ${C}/regions/${REGION}/networkEndpointGroups`],
    [`GET ${C}/regions/${REGION}/operations`],
    [`POST ${C}/global/addresses/ip/testIamPermissions`, PERMISSIONS],
    [`POST ${C}/global/urlMaps/um/testIamPermissions`, PERMISSIONS],
    [`POST ${C}/global/sslPolicies/ssl/testIamPermissions`, PERMISSIONS],
    [`GET ${C}/global/sslPolicies/ssl/getIamPolicy`],
    [`POST ${C}/global/sslPolicies/ssl/setIamPolicy`, POLICY],
    [`DELETE ${C}/global/targetHttpProxies/hp`],
    [`DELETE ${C}/global/sslPolicies/ssl`],
  ]);
});

test('artifactregistry, certificatemanager and secretmanager', async () => {
  const A = 'https://artifactregistry.googleapis.com/v1';
  const M = `https://certificatemanager.googleapis.com/v1/${GLOBAL}`;
  const S = `https://secretmanager.googleapis.com/v1/${P}/secrets`;
  const repository = `${P}/locations/${REGION}/repositories/repo`;
  await walk([
    [`GET ${A}/${P}/locations`],
    [`GET ${A}/${P}/locations/${REGION}`],
    [`GET https://artifactregistry.googleapis.com/v1beta2/${P}/locations`],
    [`POST ${A}/${P}/locations/${REGION}/repositories?repositoryId=repo`, { format: 'DOCKER' }],
    [`POST ${A}/${repository}:testIamPermissions`, PERMISSIONS],
    [`GET https://certificatemanager.googleapis.com/v1/${P}/locations`],
    [`GET https://certificatemanager.googleapis.com/v1/${GLOBAL}`],
    [`POST ${M}/certificates?certificateId=c`, { managed: { domains: ['www.example.org'] } }],
    [`PATCH ${M}/certificates/c?updateMask=description`, { description: 'x' }],
    [`GET ${M}/certificates`],
    [`POST ${M}/certificateMaps?certificateMapId=m`, {}],
    [`PATCH ${M}/certificateMaps/m?updateMask=description`, { description: 'x' }],
    [`GET ${M}/certificateMaps`],
    [`POST ${S}?secretId=s`, { replication: { automatic: {} } }],
    [`POST ${S}/s:testIamPermissions`, PERMISSIONS],
  ]);
});

test('projects, their billing, their services and their accounts', async () => {
  const R = `https://cloudresourcemanager.googleapis.com`;
  const I = `https://iam.googleapis.com/v1/${P}`;
  const U = 'https://serviceusage.googleapis.com';
  const accounts = (await sim.call('GET', 'https://cloudbilling.googleapis.com/v1/billingAccounts')).body.billingAccounts;
  await walk([
    [`PUT ${R}/v1/${P}`, { name: 'Renamed', labels: { a: 'b' } }],
    [`POST ${R}/v3/${P}:getIamPolicy`, {}],
    [`POST ${R}/v3/${P}:testIamPermissions`, PERMISSIONS],
    [`GET ${R}/v3/projects?parent=organizations/1`],
    [`GET https://cloudbilling.googleapis.com/v1/${accounts[0].name}`],
    [`POST https://cloudbilling.googleapis.com/v1/${accounts[0].name}:testIamPermissions`, PERMISSIONS],
    [`POST ${I}/serviceAccounts`, { accountId: 'robot-one' }],
    [`GET https://iam.googleapis.com/v1/roles?pageSize=5`],
    [`POST ${I}/roles`, { roleId: 'mine', role: { title: 'x' } }],
    [`GET ${I}/roles/mine`],
    [`POST ${I}/locations/global/workloadIdentityPools?workloadIdentityPoolId=pool-one`, { displayName: 'x' }],
    [`PATCH ${I}/locations/global/workloadIdentityPools/pool-one?updateMask=displayName`, { displayName: 'y' }],
    [`POST ${I}/locations/global/workloadIdentityPools/pool-one:getIamPolicy`, {}],
    [`POST ${I}/locations/global/workloadIdentityPools/pool-one:setIamPolicy`, POLICY],
    [`POST ${I}/locations/global/workloadIdentityPools/pool-one:testIamPermissions`, PERMISSIONS],
    [`DELETE ${I}/locations/global/workloadIdentityPools/pool-one`],
    [`POST ${I}/locations/global/workloadIdentityPools/pool-one:undelete`, {}],
    [`POST ${U}/v1beta1/${P}/services/iap.googleapis.com:enable`, {}],
    [`GET ${U}/v1beta1/${P}/services/iap.googleapis.com`],
    [`GET ${U}/v1beta1/${P}/services?filter=state:ENABLED`],
    [`POST ${U}/v1beta1/${P}/services:batchEnable`, { serviceIds: ['iap.googleapis.com'] }],
    [`POST ${U}/v1beta1/${P}/services/iap.googleapis.com:disable`, {}],
  ]);
});

test('the older version of Cloud SQL’s API', async () => {
  const Q = `https://sqladmin.googleapis.com/sql/v1beta4/${P}`;
  const settings = { tier: 'db-f1-micro', edition: 'ENTERPRISE' };
  const backup = { backupRetentionSettings: { retainedBackups: 7 }, enabled: true };
  await walk([
    [`POST ${Q}/instances`, { name: 'db', databaseVersion: 'POSTGRES_17', region: REGION, settings }],
    [`GET ${Q}/instances`],
    [`PATCH ${Q}/instances/db`, { settings: { backupConfiguration: backup } }],
    [`POST ${Q}/instances/db/restart`],
    [`POST ${Q}/instances/db/resetSslConfig`],
    [`GET ${Q}/instances/db/listServerCas`],
    [`GET ${Q}/instances/db/connectSettings`],
    [`POST ${Q}/instances/db/databases`, { name: 'd' }],
    [`GET ${Q}/instances/db/databases`],
    [`GET ${Q}/instances/db/databases/d`],
    [`DELETE ${Q}/instances/db/databases/d`],
    [`POST ${Q}/instances/db/users`, { name: 'u', password: 'hush' }],
    [`GET ${Q}/instances/db/users`],
    [`GET ${Q}/instances/db/users/u`],
    [`PUT ${Q}/instances/db/users?name=u`, { name: 'u', password: 'hush again' }],
    [`DELETE ${Q}/instances/db/users?name=u`],
    [`POST ${Q}/instances/db/sslCerts`, { commonName: 'c' }],
    [`GET ${Q}/instances/db/sslCerts`],
    [`POST ${Q}/instances/db/backupRuns`, {}],
    [`GET ${Q}/instances/db/backupRuns`],
    [`GET ${Q}/operations?instance=db`],
    [`GET ${Q}/tiers`],
    ['GET https://sqladmin.googleapis.com/sql/v1beta4/flags?databaseVersion=POSTGRES_17'],
    [`DELETE ${Q}/instances/db`],
  ]);
});

test('run, build, names and domains', async () => {
  const J = `https://run.googleapis.com/v2/${P}/locations/${REGION}`;
  const D = `https://dns.googleapis.com/dns/v1beta2/${P}/managedZones`;
  const containers = [{ image: 'gcr.io/cloudrun/hello' }];
  await walk([
    [`POST ${J}/jobs?jobId=j`, { template: { template: { containers } } }],
    [`GET ${J}/jobs/j:getIamPolicy`],
    [`POST ${J}/jobs/j:setIamPolicy`, POLICY],
    [`POST ${J}/jobs/j:testIamPermissions`, PERMISSIONS],
    [`POST ${J}/services?serviceId=web`, { template: { containers } }],
    [`POST ${J}/services/web:testIamPermissions`, PERMISSIONS],
    [`GET ${J}/operations`],
    [`GET https://cloudbuild.googleapis.com/v1/${P}/locations/${REGION}/builds`],
    [`POST ${D}`, { name: 'z', dnsName: 'z.example.org.', description: 'x' }],
    [`PATCH ${D}/z`, { description: 'y' }],
    [`GET ${D}/z`],
    [`GET ${D}/z/operations`],
    [`GET ${D}/z/changes`],
    [`POST ${D}/z/rrsets`, { name: 'a.z.example.org.', type: 'A', ttl: 60, rrdatas: ['192.0.2.1'] }],
    [`PATCH ${D}/z/rrsets/a.z.example.org./A`, { name: 'a.z.example.org.', type: 'A', ttl: 90, rrdatas: ['192.0.2.1'] }],
    [`GET ${D}/z/rrsets/a.z.example.org./A`],
    [`POST ${D}/z:getIamPolicy`, {}],
    [`POST ${D}/z:testIamPermissions`, PERMISSIONS],
    [`GET https://domains.googleapis.com/v1/${GLOBAL}`],
  ]);
});
