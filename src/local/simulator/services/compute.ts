import type { Service } from '../service.ts';
import { addresses } from './compute-addresses.ts';
import { backendServiceMethods, backendServices } from './compute-backend-services.ts';
import { methodsOf } from './compute-collections.ts';
import { forwardingRules } from './compute-forwarding-rules.ts';
import { locationMethods } from './compute-locations.ts';
import { networkEndpointGroupMethods, networkEndpointGroups } from './compute-network-endpoint-groups.ts';
import { operationMethods } from './compute-operation-methods.ts';
import { operationKinds } from './compute-operations.ts';
import { securityPolicies, securityPolicyMethods } from './compute-security-policies.ts';
import { sslCertificates } from './compute-ssl-certificates.ts';
import { sslPolicies, sslPolicyMethods } from './compute-ssl-policies.ts';
import { targetHttpProxies, targetHttpsProxies } from './compute-target-proxies.ts';
import { urlMapMethods, urlMaps } from './compute-url-maps.ts';
import { batchRoute } from './storage-batch.ts';

/** Compute Engine, as far as an external application load balancer needs it. https://docs.cloud.google.com/compute/docs/reference/rest/v1 */
export const compute: Service = {
  api: 'compute',
  versions: ['v1'],
  methods: {
    ...methodsOf(addresses),
    ...methodsOf(networkEndpointGroups),
    ...methodsOf(securityPolicies),
    ...methodsOf(backendServices),
    ...methodsOf(sslCertificates),
    ...methodsOf(sslPolicies),
    ...methodsOf(urlMaps),
    ...methodsOf(targetHttpProxies),
    ...methodsOf(targetHttpsProxies),
    ...methodsOf(forwardingRules),
    ...networkEndpointGroupMethods,
    ...securityPolicyMethods,
    ...backendServiceMethods,
    ...sslPolicyMethods,
    ...urlMapMethods,
    ...operationMethods,
    ...locationMethods,
  },
  /** https://docs.cloud.google.com/compute/docs/api/how-tos/batch */
  routes: [batchRoute('compute', 'v1', 1000)],
  operations: operationKinds,
};
