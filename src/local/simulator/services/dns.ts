import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { changeMethods } from './dns-changes.ts';
import { zoneOf } from './dns-records.ts';
import { setMethods } from './dns-sets.ts';
import { zoneOperationMethods } from './dns-zone-operations.ts';
import { zoneMethods, zoneResource } from './dns-zones.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { badRequest } from './refusals.ts';

/** Limits of a new project. https://docs.cloud.google.com/dns/quotas */
const QUOTA = {
  kind: 'dns#quota',
  managedZones: 10_000,
  rrsetsPerManagedZone: 10_000,
  rrsetAdditionsPerChange: 1000,
  rrsetDeletionsPerChange: 1000,
  resourceRecordsPerRrset: 100,
  totalRrdataSizePerChange: 100_000,
  dnsKeysPerManagedZone: 4,
  networksPerManagedZone: 100,
  targetNameServersPerManagedZone: 50,
  managedZonesPerNetwork: 10_000,
  policies: 100,
  networksPerPolicy: 100,
  targetNameServersPerPolicy: 50,
};

/** Cloud DNS. https://docs.cloud.google.com/dns/docs/reference/rest/v1 */
export const dns: Service = {
  api: 'dns',
  // gcloud's beta commands ask the second for the same records.
  versions: ['v1', 'v1beta2'],
  methods: {
    ...zoneMethods,
    ...zoneOperationMethods,
    ...setMethods,
    ...changeMethods,
    'dns.projects.get': (call, sim) => {
      const { projectId, projectNumber } = sim.findProject(String(call.params['project']));
      return { kind: 'dns#project', id: projectId, number: projectNumber, quota: QUOTA };
    },
    'dns.managedZones.getIamPolicy': (call, sim) => ({
      ...getPolicy(sim, resourceOf(call, sim), (call.body['options'] as JsonObject | undefined)?.['requestedPolicyVersion']),
    }),
    'dns.managedZones.setIamPolicy': (call, sim) => setPolicy(sim, resourceOf(call, sim), call.body),
    'dns.managedZones.testIamPermissions': (call, sim) => {
      resourceOf(call, sim);
      return testPermissions(call.body);
    },
  },
};

function resourceOf(call: Call, sim: Sim): string {
  const [, project, zone] = /^projects\/([^/]+)\/managedZones\/([^/]+)$/.exec(String(call.params['resource'])) ?? [];
  if (!project || !zone) throw badRequest(`Invalid resource name ${String(call.params['resource'])}.`);
  return zoneResource(zoneOf(sim, project, zone));
}
