import type { Call, Handler, Json, JsonObject, OperationKind, Sim } from '../service.ts';
import {
  DOMAINS,
  findRegistration,
  type Registration,
  registrationName,
  registrationOf,
  saveRegistration,
  showRegistration,
} from './domains-records.ts';
import { checkContacts, checkDns, checkMask } from './domains-rules.ts';
import { startLong } from './long-operations.ts';
import { applyMask, maskPaths } from './masks.ts';
import { failedPrecondition } from './refusals.ts';

const PREFIX = 'domains.projects.locations.registrations';

interface Change {
  verb: string;
  /** The field of registration and request that is changed. */
  field: 'contactSettings' | 'dnsSettings' | 'managementSettings';
  check(settings: JsonObject, call: Call): void;
}
const CHANGES: Record<string, Change> = {
  configureContactSettings: {
    verb: 'configureContactSettings',
    field: 'contactSettings',
    check: (settings, call) => checkContacts(settings, call.body['contactNotices'], 'contact_settings'),
  },
  configureDnsSettings: {
    verb: 'configureDnsSettings',
    field: 'dnsSettings',
    check: (settings) => checkDns(settings, 'dns_settings'),
  },
  configureManagementSettings: { verb: 'configureManagementSettings', field: 'managementSettings', check: () => undefined },
};

/** How a registration is changed: its settings by methods of their own, its labels by `patch`. */
export const changeMethods: Record<string, Handler> = {
  ...Object.fromEntries(
    Object.entries(CHANGES).map(([id, change]): [string, Handler] => [
      `${PREFIX}.${id}`,
      (call, sim) => {
        const registration = registrationOf(sim, call.params['registration']);
        checkActive(registration);
        const sent = (call.body[change.field] ?? {}) as JsonObject;
        const paths = maskPaths(call.body['updateMask'], {}).filter((path) => path !== '');
        checkMask(paths, [...KNOWN[change.field], '*']);
        const settings = paths.includes('*') ? sent : applyMask(registration[change.field], sent, paths);
        change.check(settings, call);
        return start(call, sim, registration, change.verb, { [change.field]: settings });
      },
    ]),
  ),
  [`${PREFIX}.patch`]: (call, sim) => {
    const registration = registrationOf(sim, call.params['name']);
    const paths = maskPaths(call.params['updateMask'], {});
    checkMask(paths, ['labels']);
    const { labels } = applyMask({ labels: registration.labels ?? {} }, call.body, paths);
    return start(call, sim, registration, 'update', { labels: labels ?? {} });
  },
};

const KNOWN: Record<Change['field'], string[]> = {
  contactSettings: ['privacy', 'registrantContact', 'adminContact', 'technicalContact'],
  dnsSettings: ['customDns', 'glueRecords', 'googleDomainsDns'],
  managementSettings: ['preferredRenewalMethod', 'transferLockState'],
};

function checkActive({ domainName, state }: Registration): void {
  if (state !== 'ACTIVE') throw failedPrecondition(`The registration of ${domainName} is in state ${state}: it must be ACTIVE.`);
}

function start(call: Call, sim: Sim, registration: Registration, verb: string, change: JsonObject): JsonObject {
  if (call.body['validateOnly'] === true || call.params['validateOnly'] === true) {
    return validated(sim, { ...registration, ...change });
  }
  const about = { projectId: registration.projectId, location: 'global', target: registrationName(registration), verb };
  return startLong(call, sim, DOMAINS, 'change', about, { domainName: registration.domainName, change });
}

/** The answer to a request that was only to be checked. */
export function validated(sim: Sim, registration: Registration): JsonObject {
  return { done: true, response: resource(sim, registration) };
}

/** In an operation's response. */
export function resource(sim: Sim, registration: Registration): JsonObject {
  return { '@type': `${DOMAINS.type}.Registration`, ...showRegistration(sim, registration) };
}

export const change: OperationKind = {
  usual: 'domains.configure',
  finish(operation, sim) {
    const registration = findRegistration(sim, String(operation.data['domainName']));
    if (!registration) throw failedPrecondition('The registration is gone.');
    const changed = { ...registration, ...(operation.data['change'] as Record<string, Json>) } as Registration;
    saveRegistration(sim, changed);
    return resource(sim, changed);
  },
};
