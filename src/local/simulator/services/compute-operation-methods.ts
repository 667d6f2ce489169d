import type { Call, Handler, JsonObject, Operation, Sim } from '../service.ts';
import { Reply } from '../service.ts';
import { notFound, notReady } from './compute-errors.ts';
import { aggregatedAnswer, listAnswer } from './compute-lists.ts';
import { API, operationIdOf, operationName, showOperation } from './compute-operations.ts';
import { scopeName, scopeOf, scopePath } from './compute-places.ts';

/** `wait` answers after this time at the latest, done or not. */
const LONGEST_WAIT_MS = 120_000;

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/globalOperations and …/regionOperations */
export const operationMethods: Record<string, Handler> = {
  ...methodsOf('globalOperations'),
  ...methodsOf('regionOperations'),
  'compute.globalOperations.aggregatedList': (call, sim) => {
    const { projectId } = scopeOf(call, sim);
    const all = operationsOf(sim, projectId).map(showOperation);
    const scope = ({ region }: JsonObject) => scopeName(String(region ?? 'global').replace(/^.*\//, ''));
    return aggregatedAnswer(call, 'compute#operationAggregatedList', 'operations', projectId, all, scope);
  },
};

function methodsOf(name: string): Record<string, Handler> {
  return {
    [`compute.${name}.get`]: (call, sim) => showOperation(operationOf(call, sim)),
    [`compute.${name}.list`]: (call, sim) => {
      const { projectId, scope } = scopeOf(call, sim);
      const all = operationsOf(sim, projectId, scope).map(showOperation);
      return listAnswer(call, 'compute#operationList', `${scopePath(projectId, scope)}/operations`, all);
    },
    [`compute.${name}.wait`]: async (call, sim) => {
      const { id } = operationOf(call, sim);
      return showOperation(await sim.operations.wait(id, LONGEST_WAIT_MS));
    },
    [`compute.${name}.delete`]: (call, sim) => {
      const operation = operationOf(call, sim);
      if (!operation.done) throw notReady(pathOf(call, sim));
      sim.operations.delete(operation.id);
      return new Reply(204);
    },
  };
}

function operationsOf(sim: Sim, projectId: string, scope?: string): Operation[] {
  return sim.operations
    .list(API)
    .filter(({ data }) => data['projectId'] === projectId && (scope === undefined || data['scope'] === scope));
}

function pathOf(call: Call, sim: Sim): string {
  const { projectId, scope } = scopeOf(call, sim);
  return `${scopePath(projectId, scope)}/operations/${call.params['operation']}`;
}

/** By its name, or by its number. */
function operationOf(call: Call, sim: Sim): Operation {
  const { projectId, scope } = scopeOf(call, sim);
  const name = String(call.params['operation']);
  const found = /^\d+$/.test(name)
    ? operationsOf(sim, projectId, scope).find((operation) => showOperation(operation)['id'] === name)
    : sim.operations.get(operationIdOf(name));
  const { projectId: ownProject, scope: ownScope } = found?.data ?? {};
  const fits = found?.api === API && ownProject === projectId && ownScope === scope;
  if (!found || !fits || (name.startsWith('operation-') && operationName(found) !== name)) throw notFound(pathOf(call, sim));
  return found;
}
