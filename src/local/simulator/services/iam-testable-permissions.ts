import type { Handler, Sim } from '../service.ts';
import { methodPermissions } from './iam-permission-table.ts';
import { pageUnder } from './paging.ts';
import { badRequest } from './refusals.ts';

/** What no method of its own needs, but is looked for where something is used. */
const USES = [
  'artifactregistry.repositories.downloadArtifacts',
  'artifactregistry.repositories.uploadArtifacts',
  'cloudsql.instances.connect',
  'cloudsql.instances.login',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccounts.getAccessToken',
  'iam.serviceAccounts.getOpenIdToken',
  'iam.serviceAccounts.signBlob',
  'iam.serviceAccounts.signJwt',
  'iap.webServiceVersions.accessViaIAP',
  'logging.logEntries.create',
  'resourcemanager.projects.get',
  'run.jobs.run',
  'run.jobs.runWithOverrides',
  'run.routes.invoke',
  'serviceusage.services.use',
];

/**
 * The permissions that can be tested on a resource, which is what a custom role can hold: of a project all, of anything else those of its service.
 * https://docs.cloud.google.com/iam/docs/reference/rest/v1/permissions/queryTestablePermissions
 */
export const permissionMethods: Record<string, Handler> = {
  'iam.permissions.queryTestablePermissions': (call, sim) => {
    const { fullResourceName = '', pageSize: size, pageToken: token } = call.body as Record<string, string | undefined>;
    const all = testable(sim, fullResourceName).map((name) => ({ key: name, value: { name, stage: 'GA' } }));
    return pageUnder('permissions', all, { size, token, usual: 100, most: 1000 });
  },
};

/** @throws GoogleError 400 for what is no resource's name, 403 for a project that is not there */
function testable(sim: Sim, fullResourceName: string): string[] {
  const [, service, path = ''] = /^\/\/([a-z]+)\.googleapis\.com\/(.+)$/.exec(fullResourceName) ?? [];
  if (service === undefined) throw badRequest(`Invalid full resource name ${JSON.stringify(fullResourceName)}.`);
  const [, project] = /^projects\/([^/]+)/.exec(path) ?? [];
  if (project !== undefined && project !== '_') sim.findProject(project);
  const all = [...new Set([...methodPermissions(), ...USES])].sort();
  if (service === 'cloudresourcemanager') return all;
  const prefix = service === 'sqladmin' ? 'cloudsql.' : `${service}.`;
  return all.filter((name) => name.startsWith(prefix));
}
