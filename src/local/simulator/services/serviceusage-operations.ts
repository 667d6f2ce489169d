import { rpcCode } from '../error-form.ts';
import type { JsonObject, Operation, Sim } from '../service.ts';
import { notFound } from './refusals.ts';

/** Which letters Google starts an operation's name with, by what it does. */
const PREFIXES: Record<string, string> = { enable: 'acf', batchEnable: 'acat', disable: 'dcf' };

/** The names that Google gives to what was done already. */
const ENDED = ['operations/noop.DONE_OPERATION', 'operations/finished.DONE_OPERATION'];

/** The operation as the API shows it. What has not ended is only a name: so do the real answers look. */
export function show(operation: Operation): JsonObject {
  const name = `operations/${PREFIXES[operation.kind]}.p2-${String(operation.data['projectNumber'])}-${operation.id}`;
  if (!operation.done) return operation.kind === 'disable' ? { name, metadata: metadata(operation) } : { name };
  return {
    name,
    metadata: metadata(operation),
    done: true,
    ...(operation.error
      ? {
          error: {
            code: rpcCode(operation.error),
            message: operation.error.message,
            details: operation.error.details ?? [],
          },
        }
      : { response: operation.response ?? {} }),
  };
}

/**
 * Answers `operations.get`.
 * @throws GoogleError 404 for a name that was never given
 */
export function getOperation(sim: Sim, name: string): JsonObject {
  if (ENDED.includes(name)) return { name, done: true };
  const id = /^operations\/(?:acf|acat|dcf)\.p2-\d+-(.+)$/.exec(name)?.[1];
  const operation = id === undefined ? undefined : sim.operations.get(id);
  if (!operation) throw notFound(`Operation ${name} not found.`);
  return show(operation);
}

export function listOperations(sim: Sim): JsonObject {
  const operations = sim.operations.list('serviceusage').map((operation) => show(operation));
  return operations.length > 0 ? { operations } : {};
}

/** Google says nothing but an empty message for one service, and the operation's own for several. */
function metadata(operation: Operation): JsonObject {
  return operation.kind === 'batchEnable'
    ? {
        '@type': 'type.googleapis.com/google.api.serviceusage.v1.OperationMetadata',
        resourceNames: (operation.data['services'] as string[]).map((service) => `services/${service}`),
      }
    : { '@type': 'type.googleapis.com/google.protobuf.Empty', value: {} };
}
