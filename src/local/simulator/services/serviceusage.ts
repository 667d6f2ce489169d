import type { Call, JsonObject, Operation, Service, Sim } from '../service.ts';
import { ensureAgent } from './iam-accounts.ts';
import { page } from './paging.ts';
import { badRequest, invalidField } from './refusals.ts';
import { agentEmail, catalog } from './serviceusage-catalog.ts';
import { getOperation, listOperations, show } from './serviceusage-operations.ts';
import {
  checkEnable,
  checkExist,
  disable,
  enable,
  isEnabled,
  isSurelyEnabled,
  type Project,
  showService,
} from './serviceusage-state.ts';

const MOST_ENABLED_AT_ONCE = 20;
const MOST_READ_AT_ONCE = 30;

/** https://docs.cloud.google.com/service-usage/docs/reference/rest */
export const serviceusage: Service = {
  api: 'serviceusage',
  versions: ['v1', 'v1beta1'],
  methods: {
    'serviceusage.services.get': (call, sim) => {
      const { project, service } = named(call, sim);
      checkExist([service]);
      return showService(sim, project, service);
    },
    'serviceusage.services.list': list,
    'serviceusage.services.batchGet': batchGet,
    'serviceusage.services.enable': (call, sim) => {
      const { project, service } = named(call, sim);
      return startEnable(call, sim, project, [service], 'enable');
    },
    'serviceusage.services.batchEnable': (call, sim) => {
      const project = parent(call, sim);
      const services = (call.body['serviceIds'] ?? []) as string[];
      if (services.length === 0) throw invalidField('service_ids', 'At least one service must be specified.');
      if (services.length > MOST_ENABLED_AT_ONCE) {
        throw invalidField(
          'service_ids',
          `Too many services: ${services.length}. At most ${MOST_ENABLED_AT_ONCE} can be enabled in one request.`,
        );
      }
      return startEnable(call, sim, project, services, 'batchEnable');
    },
    'serviceusage.services.disable': (call, sim) => {
      const { project, service } = named(call, sim);
      checkExist([service]);
      const withDependents = call.body['disableDependentServices'] === true;
      if (isEnabled(sim, project.projectId, service)) disable(sim, project, service, withDependents);
      const data = { ...project, services: [service] };
      return show(sim.operations.start({ api: 'serviceusage', kind: 'disable', data, principal: call.principal }));
    },
    'serviceusage.services.generateServiceIdentity': generateIdentity,
    'serviceusage.operations.get': (call, sim) => getOperation(sim, String(call.params['name'])),
    'serviceusage.operations.list': (_call, sim) => listOperations(sim),
  },
  isEnabled,
  operations: {
    enable: { usual: 'services.enable', finish: finishEnable },
    batchEnable: { usual: 'services.enable', finish: finishEnable },
    disable: { usual: 'none', finish: (operation, sim) => disabledResponse(operation, sim) },
  },
};

function startEnable(call: Call, sim: Sim, project: Project, services: string[], kind: 'enable' | 'batchEnable'): JsonObject {
  checkEnable(sim, project, services);
  if (services.every((service) => isSurelyEnabled(sim, project.projectId, service))) {
    return { name: 'operations/noop.DONE_OPERATION', done: true, response: enabledResponse(sim, project, services, kind) };
  }
  return show(sim.operations.start({ api: 'serviceusage', kind, data: { ...project, services }, principal: call.principal }));
}

function finishEnable(operation: Operation, sim: Sim): JsonObject {
  const { project, services } = target(operation);
  enable(sim, project, services, operation.principal);
  return enabledResponse(sim, project, services, operation.kind);
}

function enabledResponse(sim: Sim, project: Project, services: string[], kind: string): JsonObject {
  const shown = services.map((service) => showService(sim, project, service));
  return kind === 'batchEnable'
    ? { '@type': 'type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse', services: shown }
    : { '@type': 'type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse', service: shown[0] ?? null };
}

function disabledResponse(operation: Operation, sim: Sim): JsonObject {
  const { project, services } = target(operation);
  const service = showService(sim, project, services[0] ?? '');
  return { '@type': 'type.googleapis.com/google.api.serviceusage.v1.DisableServiceResponse', service };
}

function list(call: Call, sim: Sim): JsonObject {
  const project = parent(call, sim);
  const filter = String(call.params['filter'] ?? '');
  const state = /^state:\s*(ENABLED|DISABLED)$/.exec(filter.trim())?.[1];
  if (filter.trim() !== '' && !state)
    throw invalidField('filter', 'The only supported filters are `state:ENABLED` and `state:DISABLED`.');
  const wanted = catalog.filter((service) => !state || isEnabled(sim, project.projectId, service) === (state === 'ENABLED'));
  const all = wanted.map((service) => ({ key: service, value: service }));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 50,
    most: 200,
  });
  return {
    ...(items.length > 0 ? { services: items.map((service) => showService(sim, project, service)) } : {}),
    ...(nextPageToken ? { nextPageToken } : {}),
  };
}

function batchGet(call: Call, sim: Sim): JsonObject {
  const project = parent(call, sim);
  const names = [call.params['names'] ?? []].flat().map(String);
  if (names.length === 0) throw invalidField('names', 'At least one service name must be specified.');
  if (names.length > MOST_READ_AT_ONCE)
    throw invalidField('names', `Too many services: ${names.length}. At most ${MOST_READ_AT_ONCE} can be read in one request.`);
  const prefix = `${String(call.params['parent'])}/services/`;
  const services = names.map((name) => {
    if (!name.startsWith(prefix))
      throw invalidField(
        'names',
        `The parent of '${name}' must be the parent of the request, '${String(call.params['parent'])}'.`,
      );
    return name.slice(prefix.length);
  });
  checkExist(services);
  return { services: services.map((service) => showService(sim, project, service)) };
}

function generateIdentity(call: Call, sim: Sim): JsonObject {
  const { project, service } = named(call, sim, 'parent');
  checkExist([service]);
  const account = ensureAgent(sim, project.projectId, agentEmail(service, project.projectNumber), {
    agent: true,
    createTime: sim.timestamp(),
  });
  return {
    name: 'operations/finished.DONE_OPERATION',
    done: true,
    response: {
      '@type': 'type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity',
      email: account.email,
      uniqueId: account.uniqueId,
    },
  };
}

function named(call: Call, sim: Sim, param = 'name'): { project: Project; service: string } {
  const [, project, service] = /^projects\/([^/]+)\/services\/([^/]+)$/.exec(String(call.params[param])) ?? [];
  if (!project || !service) throw badRequest(`Invalid resource name: ${String(call.params[param])}.`);
  return { project: sim.findProject(project), service };
}

function parent(call: Call, sim: Sim): Project {
  return sim.findProject(String(call.params['parent']).replace(/^projects\//, ''));
}

function target(operation: Operation): { project: Project; services: string[] } {
  const { projectId, projectNumber, services } = operation.data as {
    projectId: string;
    projectNumber: string;
    services: string[];
  };
  return { project: { projectId, projectNumber }, services };
}
