import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { canonicalResource } from './iap-resources.ts';
import { settingsMethods } from './iap-settings.ts';

/**
 * Identity-Aware Proxy: its settings, and who may pass. Brands and OAuth clients have no handler, as they have none at Google since
 * that part of the API was shut down in March 2026. https://docs.cloud.google.com/iap/docs/reference/rest
 */
export const iap: Service = {
  api: 'iap',
  versions: ['v1'],
  methods: {
    ...settingsMethods,
    'iap.getIamPolicy': (call, sim) => {
      const options = call.body['options'] as JsonObject | undefined;
      return getPolicy(sim, resourceOf(call, sim), options?.['requestedPolicyVersion']);
    },
    'iap.setIamPolicy': (call, sim) => setPolicy(sim, resourceOf(call, sim), call.body),
    'iap.testIamPermissions': (call, sim) => {
      resourceOf(call, sim);
      return testPermissions(call.body);
    },
  },
};

function resourceOf(call: Call, sim: Sim): string {
  return `//iap.googleapis.com/${canonicalResource(sim, String(call.params['resource']))}`;
}
