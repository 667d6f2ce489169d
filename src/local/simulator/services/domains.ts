import type { Call, Handler, JsonObject, Service, Sim } from '../service.ts';
import { registerParameters, suggestions } from './domains-catalog.ts';
import { change, changeMethods, resource, validated } from './domains-changes.ts';
import {
  DOMAINS,
  findRegistration,
  listRegistrations,
  projectOfLocation,
  type Registration,
  registrationName,
  registrationOf,
  saveRegistration,
  showRegistration,
} from './domains-records.ts';
import { checkContacts, checkDns, checkPrice, deprecated } from './domains-rules.ts';
import { fits } from './filters.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { list, longMethods, startLong } from './long-operations.ts';
import { alreadyExists, failedPrecondition, invalidField } from './refusals.ts';

const PREFIX = 'domains.projects.locations.registrations';
/** https://docs.cloud.google.com/domains/docs/deprecations/feature-deprecations */
const DEPRECATED = [
  'export',
  'import',
  'retrieveGoogleDomainsDnsRecords',
  'retrieveGoogleDomainsForwardingConfig',
  'retrieveImportableDomains',
  'retrieveTransferParameters',
  'transfer',
].map((name): [string, Handler] => [`${PREFIX}.${name}`, () => deprecated(name)]);

/** Cloud Domains. Nothing is bought, whatever is registered here. https://docs.cloud.google.com/domains/docs/reference/rest */
export const domains: Service = {
  api: DOMAINS.api,
  versions: ['v1'],
  methods: {
    ...longMethods(DOMAINS),
    ...Object.fromEntries(DEPRECATED),
    ...changeMethods,
    [`${PREFIX}.searchDomains`]: (call, sim) => {
      projectOfLocation(sim, call.params['location']);
      const query = String(call.params['query'] ?? '');
      if (query === '') throw invalidField('query', 'The query is required.');
      const found = suggestions(query).map((name) => parametersOf(sim, name));
      return found.length > 0 ? { registerParameters: found } : {};
    },
    [`${PREFIX}.retrieveRegisterParameters`]: (call, sim) => {
      projectOfLocation(sim, call.params['location']);
      return { registerParameters: parametersOf(sim, checkDomainName(call.params['domainName'], 'domain_name')) };
    },
    [`${PREFIX}.register`]: register,
    [`${PREFIX}.get`]: (call, sim) => showRegistration(sim, registrationOf(sim, call.params['name'])),
    [`${PREFIX}.list`]: (call, sim) => {
      const all = listRegistrations(sim, projectOfLocation(sim, call.params['parent']))
        .map((registration) => ({ key: registration.domainName, value: showRegistration(sim, registration) }))
        .filter(({ value }) => fits(value, call.params['filter']));
      return list(call, 'registrations', all);
    },
    [`${PREFIX}.delete`]: (call, sim) => {
      const { state } = registrationOf(sim, call.params['name']);
      throw failedPrecondition(
        `A registration in state ${state} cannot be deleted: only one that was exported, has failed or is over can be.`,
      );
    },
    [`${PREFIX}.getIamPolicy`]: (call, sim) =>
      getPolicy(sim, policyResource(call, sim), call.params['options.requestedPolicyVersion']),
    [`${PREFIX}.setIamPolicy`]: (call, sim) => setPolicy(sim, policyResource(call, sim), call.body),
    [`${PREFIX}.testIamPermissions`]: (call, sim) => {
      policyResource(call, sim);
      return testPermissions(call.body);
    },
  },
  operations: {
    register: {
      usual: 'domains.register',
      finish(operation, sim) {
        const pending = findRegistration(sim, String(operation.data['domainName']));
        if (!pending) throw failedPrecondition('The registration is gone.');
        const year = new Date(pending.createTime);
        year.setUTCFullYear(year.getUTCFullYear() + 1);
        const active: Registration = { ...pending, state: 'ACTIVE', expireTime: year.toISOString() };
        saveRegistration(sim, active);
        return resource(sim, active);
      },
    },
    change,
  },
};

function policyResource(call: Call, sim: Sim): string {
  return `//domains.googleapis.com/${registrationName(registrationOf(sim, call.params['resource']))}`;
}

function parametersOf(sim: Sim, domainName: string): JsonObject {
  return registerParameters(domainName, (name) => findRegistration(sim, name) !== undefined);
}

/** @throws GoogleError 400 */
function checkDomainName(sent: unknown, field: string): string {
  const name = String(sent ?? '').toLowerCase();
  if (!/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/.test(name))
    throw invalidField(field, `'${name}' is not a valid domain name.`);
  return name;
}

function register(call: Call, sim: Sim): JsonObject {
  const projectId = projectOfLocation(sim, call.params['parent']);
  const sent = (call.body['registration'] ?? {}) as JsonObject;
  const domainName = checkDomainName(sent['domainName'], 'registration.domain_name');
  if (findRegistration(sim, domainName)?.projectId === projectId) {
    throw alreadyExists(`Resource '${registrationName({ projectId, domainName })}' already exists`);
  }
  const { availability, domainNotices = [], yearlyPrice } = parametersOf(sim, domainName);
  if (availability !== 'AVAILABLE') throw failedPrecondition(`Domain '${domainName}' is not available for registration.`);
  checkContacts(sent['contactSettings'], call.body['contactNotices']);
  checkDns(sent['dnsSettings']);
  const notices = (call.body['domainNotices'] ?? []) as string[];
  const unread = (domainNotices as string[]).find((notice) => !notices.includes(notice));
  if (unread) throw invalidField('domain_notices', `The notice ${unread} must be acknowledged for '${domainName}'.`);
  checkPrice(call.body['yearlyPrice'], yearlyPrice as JsonObject);
  const registration: Registration = {
    projectId,
    domainName,
    createTime: sim.timestamp(),
    state: 'REGISTRATION_PENDING',
    ...(sent['labels'] ? { labels: sent['labels'] as JsonObject } : {}),
    managementSettings: (sent['managementSettings'] ?? {}) as JsonObject,
    dnsSettings: sent['dnsSettings'] as JsonObject,
    contactSettings: sent['contactSettings'] as JsonObject,
  };
  if (call.body['validateOnly'] === true) return validated(sim, registration);
  saveRegistration(sim, registration);
  const about = { projectId, location: 'global', target: registrationName(registration), verb: 'register' };
  return startLong(call, sim, DOMAINS, 'register', about, { domainName });
}
