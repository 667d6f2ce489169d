import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { GoogleError, type JsonObject, type Operation, type Sim } from '../service.ts';
import { aborted, alreadyExists } from './refusals.ts';
import { serviceConditions, withConditions } from './run-conditions.ts';
import { withDefaults } from './run-defaults.ts';
import {
  type Extras,
  findRevision,
  findService,
  operationUuid,
  type RevisionRecord,
  type ServicePlace,
  type ServiceRecord,
  saveRevision,
  saveService,
  serviceKey,
} from './run-records.ts';
import { checkServiceId, checkSpec } from './run-rules.ts';

export interface Wanted {
  spec: JsonObject;
  extras: Extras;
}
export interface ChangeOptions {
  principal: string;
  /** Check all, change nothing. */
  dryRun: boolean;
  forceNewRevision?: boolean;
}
export interface Change {
  service: ServiceRecord;
  /** Undefined in a dry run. */
  operation: Operation | undefined;
}

/** Makes a service. @throws GoogleError 409 when it is there, 400 and 403 by the rules */
export function createService(sim: Sim, place: ServicePlace, wanted: Wanted, options: ChangeOptions): Change {
  checkServiceId(place.id);
  if (findService(sim, serviceKey(place))) throw alreadyExists(`Resource '${place.id}' already exists.`);
  const time = sim.timestamp();
  const { principal } = options;
  const service: ServiceRecord = {
    projectId: place.projectId,
    projectNumber: place.projectNumber,
    location: place.location,
    id: place.id,
    uid: randomUUID(),
    generation: 0,
    observedGeneration: 0,
    createTime: time,
    updateTime: time,
    creator: principal,
    lastModifier: principal,
    version: '',
    operationId: '',
    spec: {},
    extras: { service: {}, template: {} },
    conditions: [],
    latestCreated: '',
    traffic: [],
  };
  return changeService(sim, service, wanted, options);
}

/**
 * Writes new settings, makes a revision when the template differs, and starts the rollout.
 * @throws GoogleError 400 and 403 by the rules, 409 for a revision's name that is taken
 */
export function changeService(sim: Sim, before: ServiceRecord, wanted: Wanted, options: ChangeOptions): Change {
  const spec = withDefaults(wanted.spec, before.projectNumber);
  checkSpec(sim, before, spec);
  const time = sim.timestamp();
  const generation = before.generation + 1;
  const revision = nextRevision(sim, before, { spec, extras: wanted.extras }, generation, options);
  const service: ServiceRecord = {
    ...before,
    generation,
    updateTime: time,
    lastModifier: options.principal,
    operationId: randomUUID(),
    spec,
    extras: wanted.extras,
    conditions: withConditions(before.conditions, serviceConditions('Unknown'), time),
    latestCreated: revision?.name ?? before.latestCreated,
  };
  if (options.dryRun) return { service: { ...service, version: before.version }, operation: undefined };
  if (revision) saveRevision(sim, revision);
  const operation = sim.operations.start({
    api: 'run',
    kind: 'rollout',
    data: { key: serviceKey(service), generation },
    principal: options.principal,
  });
  return { service: saveService(sim, { ...service, operationId: operationUuid(operation.id) }), operation };
}

function nextRevision(
  sim: Sim,
  before: ServiceRecord,
  wanted: Wanted,
  generation: number,
  { principal, forceNewRevision }: ChangeOptions,
): RevisionRecord | undefined {
  const template = wanted.spec['template'] as JsonObject;
  const same =
    isDeepStrictEqual(template, before.spec['template']) && isDeepStrictEqual(wanted.extras.template, before.extras.template);
  if (same && before.latestCreated !== '' && !forceNewRevision) return undefined;
  const { revision: asked, ...rest } = template;
  const name = asked ? String(asked) : `${before.id}-${String(generation).padStart(5, '0')}-${letters(sim)}`;
  if (findRevision(sim, serviceKey(before), name)) {
    throw new GoogleError({
      code: 409,
      status: 'ALREADY_EXISTS',
      message: `Revision named '${name}' with different configuration already exists.`,
    });
  }
  const time = sim.timestamp();
  return {
    projectId: before.projectId,
    location: before.location,
    service: before.id,
    name,
    uid: randomUUID(),
    generation,
    createTime: time,
    updateTime: time,
    creator: principal,
    version: '',
    template: rest,
    extras: wanted.extras.template,
    launchStage: String(wanted.spec['launchStage']),
    conditions: withConditions([], [{ type: 'Ready', status: 'Unknown', reason: 'Deploying' }], time),
    state: 'pending',
  };
}

/** Three letters that no digits are among: consonants and digits as Google takes them. */
function letters(sim: Sim): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz';
  return [0, 2, 4].map((at) => alphabet[Number.parseInt(sim.id(6).slice(at, at + 2), 16) % alphabet.length]).join('');
}

/** @throws GoogleError 409 when what was sent names another version than there is; nothing sent is no condition */
export function checkVersion(service: ServiceRecord, sent: string | undefined, current: string): void {
  if (!sent || sent === current) return;
  throw aborted(`Conflict for resource '${service.id}': version '${sent}' was specified but current version is '${current}'.`);
}
