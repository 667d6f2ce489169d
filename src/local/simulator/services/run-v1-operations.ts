import type { Handler, JsonObject, Operation, Sim } from '../service.ts';
import { findService } from './run-records.ts';
import { showService } from './run-v1-show.ts';
import { readOperation, showOperation } from './run-v2-operations.ts';

const P = 'run.projects.locations.operations';
const WAIT_SECONDS = 30;
const SERVICE_TYPE = 'type.googleapis.com/google.cloud.run.v1.Service';

/**
 * The first API's operations: those that a service's annotation `run.googleapis.com/operation-id` names.
 * https://docs.cloud.google.com/run/docs/reference/rest/v1/projects.locations.operations
 */
export const operationMethods: Record<string, Handler> = {
  [`${P}.get`]: (call, sim) => show(sim, readOperation(call, sim)),
  [`${P}.wait`]: async (call, sim) => {
    const { id } = readOperation(call, sim);
    const seconds = Number.parseFloat(String(call.body['timeout'] ?? `${WAIT_SECONDS}s`));
    return show(sim, await sim.operations.wait(id, seconds * 1000));
  },
};

/** As the second API has it, but with the service in Knative's form. */
function show(sim: Sim, operation: Operation): JsonObject {
  const shown = showOperation(sim, operation);
  const service = operation.kind === 'rollout' ? findService(sim, String(operation.data['key'])) : undefined;
  const { metadata: _ofTheSecond, response, ...rest } = shown;
  if (response === undefined || !service) return rest;
  return { ...rest, response: { '@type': SERVICE_TYPE, ...showService(service) } };
}
