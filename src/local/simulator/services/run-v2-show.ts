import type { JsonObject } from '../service.ts';
import { isReady, showV2 } from './run-conditions.ts';
import { type RevisionRecord, type ServiceRecord, serviceName, serviceUrls } from './run-records.ts';

export const SERVICE_TYPE = 'type.googleapis.com/google.cloud.run.v2.Service';
export const REVISION_TYPE = 'type.googleapis.com/google.cloud.run.v2.Revision';

/** An etag in Cloud Run's form, from what changes with every write. */
export function etagOf({ version }: { version: string }): string {
  return `"${Buffer.from(version).toString('base64')}"`;
}

/** The service as the second API shows it. */
export function showService(service: ServiceRecord): JsonObject {
  const name = serviceName(service);
  const conditions = service.conditions.map(showV2);
  const [terminal] = conditions;
  const urls = service.spec['defaultUriDisabled'] === true ? [] : serviceUrls(service);
  const revision = (id: string) => `${name}/revisions/${id}`;
  const reconciling = isReady(service.conditions) === 'Unknown';
  return {
    name,
    uid: service.uid,
    generation: String(service.generation),
    ...service.spec,
    createTime: service.createTime,
    updateTime: service.updateTime,
    creator: service.creator,
    lastModifier: service.lastModifier,
    observedGeneration: String(service.observedGeneration),
    ...(terminal ? { terminalCondition: terminal } : {}),
    conditions: conditions.slice(1),
    ...(service.latestReady ? { latestReadyRevision: revision(service.latestReady) } : {}),
    latestCreatedRevision: revision(service.latestCreated),
    ...(service.traffic.length > 0
      ? {
          trafficStatuses: service.traffic.map(({ latest, revision: id, percent, tag }) =>
            trafficStatus(service, { latest, id, percent, tag }),
          ),
        }
      : {}),
    ...(urls.length > 0 ? { uri: urls[1] as string, urls } : {}),
    ...(reconciling ? { reconciling } : {}),
    etag: etagOf(service),
  };
}

function trafficStatus(
  service: ServiceRecord,
  { latest, id, percent, tag }: { latest: boolean; id: string; percent: number; tag: string | undefined },
): JsonObject {
  const type = `TRAFFIC_TARGET_ALLOCATION_TYPE_${latest ? 'LATEST' : 'REVISION'}`;
  const tagged = tag === undefined ? {} : { tag, uri: serviceUrls(service, tag)[1] };
  return { type, ...(latest ? {} : { revision: id }), ...(percent > 0 ? { percent } : {}), ...tagged };
}

/** The revision as the second API shows it. */
export function showRevision(revision: RevisionRecord): JsonObject {
  const { projectId, location, service } = revision;
  const parent = `projects/${projectId}/locations/${location}/services/${service}`;
  const { revision: _own, containers, ...template } = revision.template;
  const image = revision.imageDigest;
  const list = (containers as JsonObject[]).map((container, at) => (at === 0 && image ? { ...container, image } : container));
  return {
    name: `${parent}/revisions/${revision.name}`,
    uid: revision.uid,
    generation: '1',
    ...template,
    containers: list,
    service,
    createTime: revision.createTime,
    updateTime: revision.updateTime,
    creator: revision.creator,
    launchStage: revision.launchStage,
    conditions: revision.conditions.map(showV2),
    observedGeneration: '1',
    logUri: logUrl(revision),
    ...(revision.state === 'pending' ? { reconciling: true } : {}),
    etag: etagOf(revision),
  };
}

/** Where the console shows a revision's log. */
export function logUrl({ projectId, service, name }: RevisionRecord): string {
  const filter = `resource.type%3D%22cloud_run_revision%22%0Aresource.labels.service_name%3D%22${service}%22%0Aresource.labels.revision_name%3D%22${name}%22`;
  return `https://console.cloud.google.com/logs/viewer?project=${projectId}&resource=cloud_run_revision/service_name/${service}/revision_name/${name}&advancedFilter=${filter}`;
}
