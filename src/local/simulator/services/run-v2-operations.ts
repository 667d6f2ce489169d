import { rpcCode } from '../error-form.ts';
import type { Call, Handler, JsonObject, Operation, OperationKind, Sim } from '../service.ts';
import { deletePolicy } from './iam-policy.ts';
import { notFound } from './refusals.ts';
import { jobOperations } from './run-jobs-end.ts';
import { shownOfJobs } from './run-jobs-show.ts';
import { findService, operationUuid, removeService, type ServiceRecord, serviceName, serviceResource } from './run-records.ts';
import { resumeService, rollOut } from './run-rollout.ts';
import { placeOf } from './run-v2-place.ts';
import { SERVICE_TYPE, showService } from './run-v2-show.ts';

const API = 'run';
const P = 'run.projects.locations';
const PORT_POLL_MS = 10;

/** How Cloud Run's operations end. */
export const operationKinds: Record<string, OperationKind> = {
  ...jobOperations,
  rollout: {
    usual: 'run.services',
    async finish(operation, sim) {
      const service = await rollOut(operation, sim);
      return service ? { '@type': SERVICE_TYPE, ...showService(service) } : {};
    },
  },
  delete: {
    usual: 'run.delete',
    async finish(operation, sim) {
      const service = findService(sim, String(operation.data['key']));
      const shown = (operation.data['shown'] ?? {}) as JsonObject;
      if (!service) return shown;
      await sim.runtime?.run.remove(serviceName(service));
      removeService(sim, service);
      deletePolicy(sim, serviceResource(service));
      return { '@type': SERVICE_TYPE, ...shown };
    },
  },
  /** Starts what was serving again, once the simulator can be reached: a server may ask it for something while it starts. */
  resume: {
    usual: 'none',
    async finish(operation, sim) {
      while (sim.port() === 0) await new Promise((resolve) => setTimeout(resolve, PORT_POLL_MS));
      await resumeService(sim, String(operation.data['key']));
    },
  },
  /** Of what is gone when it is asked for. */
  done: { usual: 'none', finish: (operation) => operation.data['shown'] },
};

export const operationMethods: Record<string, Handler> = {
  [`${P}.operations.get`]: (call, sim) => showOperation(sim, readOperation(call, sim)),
  [`${P}.operations.list`]: (call, sim) => {
    const { projectId, location } = placeOf(sim, call.params['name']);
    const mine = sim.operations
      .list(API)
      .filter(({ data, kind }) => kind !== 'resume' && String(data['key']).startsWith(`${projectId}/${location}/`));
    return { operations: mine.map((operation) => showOperation(sim, operation)) };
  },
  [`${P}.operations.wait`]: async (call, sim) => {
    const { id } = readOperation(call, sim);
    const seconds = Number.parseFloat(String(call.body['timeout'] ?? '30s'));
    return showOperation(sim, await sim.operations.wait(id, seconds * 1000));
  },
};

/** @throws GoogleError 404 */
export function readOperation(call: Call, sim: Sim): Operation {
  const [, id = ''] = /\/operations\/([^/:]+)$/.exec(String(call.params['name'])) ?? [];
  const operation = sim.operations.get(id.replaceAll('-', ''));
  if (operation?.api !== API) throw notFound(`Requested entity was not found.`);
  return operation;
}

/** The operation of a request that only checks. */
export function dryRunOperation(service: ServiceRecord, shown: JsonObject): JsonObject {
  const typed = { '@type': SERVICE_TYPE, ...shown };
  return {
    name: `projects/${service.projectId}/locations/${service.location}/operations/validate-only`,
    metadata: typed,
    done: true,
    response: typed,
  };
}

/** The operation as the second API shows it, with the service as it is now. */
export function showOperation(sim: Sim, operation: Operation): JsonObject {
  const { id, data, done, response, error } = operation;
  const key = String(data['key']);
  const [project, location] = key.split('/');
  const service = findService(sim, key);
  const ofJobs = shownOfJobs(sim, operation);
  const shown = (ofJobs ?? data['shown'] ?? (service && showService(service)) ?? response ?? {}) as JsonObject;
  return {
    name: `projects/${project}/locations/${location}/operations/${operationUuid(id)}`,
    metadata: { '@type': SERVICE_TYPE, ...shown },
    ...(done ? { done } : {}),
    ...(done && error ? { error: { code: rpcCode(error), message: error.message } } : {}),
    ...(done && !error ? { response: response ?? {} } : {}),
  };
}
