import { GoogleError, type JsonObject, type Operation, type Sim } from '../service.ts';
import { type Condition, serviceConditions, withConditions } from './run-conditions.ts';
import { NotReady } from './run-needs.ts';
import {
  findRevision,
  findService,
  type RevisionRecord,
  type ServiceRecord,
  saveRevision,
  saveService,
  serviceKey,
  serviceName,
  type TrafficStatus,
} from './run-records.ts';
import { startRevision } from './run-start.ts';

/**
 * Brings a service to where its settings say: starts the newest revision if it was not tried yet, and sends the traffic. When the
 * revision does not become ready, the one before goes on serving.
 * @returns the service, or undefined when it is gone
 * @throws GoogleError the operation's error, when the newest revision is not ready
 */
export async function rollOut(operation: Operation, sim: Sim): Promise<ServiceRecord | undefined> {
  const key = String(operation.data['key']);
  const service = findService(sim, key);
  if (!service) return undefined;
  const pending = findRevision(sim, key, service.latestCreated);
  const revision = pending?.state === 'pending' ? await tryRevision(sim, service, pending) : pending;
  const now = findService(sim, key);
  // It was deleted while its revision started.
  if (!now) await sim.runtime?.run.remove(serviceName(service));
  if (!now || !revision) return now;
  // A later change has begun its own rollout, which will speak for the service.
  if (now.generation !== operation.data['generation']) return now;
  const traffic = trafficOf(now, revision);
  await serve(sim, now, traffic, revision);
  const latest = findService(sim, key);
  if (!latest || latest.generation !== now.generation) return latest;
  const done = saveService(sim, settled(sim, latest, revision, traffic));
  const ready = done.conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'False') {
    throw new GoogleError({ code: 400, status: 'FAILED_PRECONDITION', message: ready.message ?? 'The service is not ready.' });
  }
  return done;
}

async function tryRevision(sim: Sim, service: ServiceRecord, revision: RevisionRecord): Promise<RevisionRecord> {
  try {
    const imageDigest = await startRevision(sim, service, revision);
    return saveRevision(sim, { ...revision, ...revisionEnd(sim, revision, undefined), imageDigest, state: 'ready' });
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    return saveRevision(sim, { ...revision, ...revisionEnd(sim, revision, error), state: 'failed' });
  }
}

function revisionEnd(
  sim: Sim,
  revision: RevisionRecord,
  failure: NotReady | undefined,
): Pick<RevisionRecord, 'conditions' | 'updateTime'> {
  const time = sim.timestamp();
  const said = failure ? { reason: failure.reason, message: failure.message } : {};
  const status: Condition['status'] = failure ? 'False' : 'True';
  const started = failure?.reason === 'HealthCheckContainerError' || !failure;
  return {
    updateTime: time,
    conditions: withConditions(
      revision.conditions,
      [
        { type: 'Ready', status, ...said },
        { type: 'Active', status: failure ? 'False' : 'True' },
        { type: 'ContainerHealthy', status: failure ? (started ? 'False' : 'Unknown') : 'True', ...(started ? said : {}) },
        { type: 'ContainerReady', status: started ? 'True' : 'False', ...(started ? {} : said) },
        { type: 'ResourcesAvailable', status: started ? 'True' : 'False', ...(started ? {} : said) },
      ],
      time,
    ),
  };
}

/** Who gets how much, with the newest ready revision in place of "latest". */
function trafficOf(service: ServiceRecord, newest: RevisionRecord): TrafficStatus[] {
  const ready = newest.state === 'ready' ? newest.name : service.latestReady;
  return (service.spec['traffic'] as JsonObject[]).flatMap(({ type, revision, percent, tag }) => {
    const latest = type !== 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
    const name = latest ? ready : String(revision);
    if (name === undefined) return [];
    return [{ latest, revision: name, percent: Number(percent ?? 0), ...(tag ? { tag: String(tag) } : {}) }];
  });
}

/** The runtime sends all traffic to one revision: the one with the largest part. */
async function serve(sim: Sim, service: ServiceRecord, traffic: TrafficStatus[], newest: RevisionRecord): Promise<void> {
  const first = traffic.toSorted((a, b) => b.percent - a.percent)[0];
  if (!sim.runtime || !first) return;
  const revision = findRevision(sim, serviceKey(service), first.revision);
  if (!revision) return;
  // An older one was stopped when another took over.
  if (revision.name !== newest.name) await startAgain(sim, service, revision);
  await sim.runtime.run.serve(serviceName(service), revision.name);
}

async function startAgain(sim: Sim, service: ServiceRecord, revision: RevisionRecord): Promise<void> {
  try {
    await startRevision(sim, service, revision);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new GoogleError({
      code: 400,
      status: 'FAILED_PRECONDITION',
      message: `Revision '${revision.name}' is not ready and cannot serve traffic. ${error.message}`,
    });
  }
}

function settled(sim: Sim, service: ServiceRecord, newest: RevisionRecord, traffic: TrafficStatus[]): ServiceRecord {
  const failed = newest.state === 'failed';
  const why = newest.conditions.find(({ type }) => type === 'Ready');
  const facts = failed
    ? {
        reason: why?.reason ?? 'RevisionFailed',
        message: `Revision '${newest.name}' is not ready and cannot serve traffic. ${why?.message ?? ''}`,
      }
    : {};
  return {
    ...service,
    observedGeneration: service.generation,
    conditions: withConditions(service.conditions, serviceConditions(failed ? 'False' : 'True', facts), sim.timestamp()),
    ...(failed ? {} : { latestReady: newest.name }),
    traffic,
  };
}

/**
 * After a start of the simulator: starts again what was serving. A revision that does not come up is told of in the service's
 * conditions.
 */
export async function resumeService(sim: Sim, key: string): Promise<void> {
  const service = findService(sim, key);
  const first = service?.traffic.toSorted((a, b) => b.percent - a.percent)[0];
  const revision = first && findRevision(sim, key, first.revision);
  if (!service || !sim.runtime || !revision) return;
  try {
    await startRevision(sim, service, revision);
    await sim.runtime.run.serve(serviceName(service), revision.name);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const facts = { reason: error.reason, message: error.message };
    const now = findService(sim, key) ?? service;
    saveService(sim, { ...now, conditions: withConditions(now.conditions, serviceConditions('False', facts), sim.timestamp()) });
  }
}
