import type { JsonObject } from '../service.ts';
import { showV1 } from './run-conditions.ts';
import { type RevisionRecord, type ServiceRecord, serviceUrls } from './run-records.ts';
import { writeServiceAnnotations, writeTemplateAnnotations } from './run-v1-annotations.ts';
import { logUrl } from './run-v2-show.ts';

const KNATIVE = 'serving.knative.dev/v1';

/** The version of a record as the first API has it. */
export function resourceVersion({ version }: { version: string }): string {
  return Buffer.from(version, 'hex').toString('base64url').slice(0, 11);
}

/** The service as Knative has it. */
export function showService(service: ServiceRecord): JsonObject {
  const { spec } = service;
  const urls = spec['defaultUriDisabled'] === true ? [] : serviceUrls(service);
  return {
    apiVersion: KNATIVE,
    kind: 'Service',
    metadata: {
      name: service.id,
      namespace: service.projectNumber,
      selfLink: `/apis/${KNATIVE}/namespaces/${service.projectNumber}/services/${service.id}`,
      uid: service.uid,
      resourceVersion: resourceVersion(service),
      generation: service.generation,
      creationTimestamp: service.createTime,
      labels: { ...((spec['labels'] ?? {}) as JsonObject), 'cloud.googleapis.com/location': service.location },
      annotations: {
        ...((spec['annotations'] ?? {}) as JsonObject),
        ...service.extras.service,
        ...writeServiceAnnotations(spec),
        'serving.knative.dev/creator': service.creator,
        'serving.knative.dev/lastModifier': service.lastModifier,
        'run.googleapis.com/operation-id': service.operationId,
        ...(urls.length > 0 ? { 'run.googleapis.com/urls': JSON.stringify(urls) } : {}),
      },
    },
    spec: {
      template: writeTemplate(spec['template'] as JsonObject, service.extras.template, service),
      traffic: (spec['traffic'] as JsonObject[]).map(writeTraffic),
    },
    status: {
      observedGeneration: service.observedGeneration,
      conditions: service.conditions.map(showV1),
      ...(service.latestReady ? { latestReadyRevisionName: service.latestReady } : {}),
      ...(service.latestCreated ? { latestCreatedRevisionName: service.latestCreated } : {}),
      ...(service.traffic.length > 0 ? { traffic: trafficStatus(service) } : {}),
      ...(urls.length > 0 ? { url: urls[1] as string, address: { url: urls[1] as string } } : {}),
    },
  };
}

function trafficStatus(service: ServiceRecord): JsonObject[] {
  return service.traffic.map(({ latest, revision, percent, tag }) => ({
    revisionName: revision,
    ...(percent > 0 ? { percent } : {}),
    ...(latest ? { latestRevision: true } : {}),
    ...(tag === undefined ? {} : { tag, url: serviceUrls(service, tag)[1] }),
  }));
}

function writeTraffic({ type, revision, percent, tag }: JsonObject): JsonObject {
  const latest = type !== 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
  return {
    ...(percent ? { percent } : {}),
    ...(latest ? { latestRevision: true } : { revisionName: revision ?? '' }),
    ...(tag ? { tag } : {}),
  };
}

export interface Home {
  projectId: string;
  projectNumber?: string;
}

function writeTemplate(template: JsonObject, extras: Record<string, string>, home: Home): JsonObject {
  const annotations = { ...((template['annotations'] ?? {}) as JsonObject), ...extras, ...writeTemplateAnnotations(template) };
  return {
    metadata: {
      ...(template['revision'] ? { name: template['revision'] } : {}),
      ...(template['labels'] ? { labels: template['labels'] } : {}),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: writeSpec(template, extras, home),
  };
}

/** A template's containers and what is around them, of a revision or a task. */
export function writeSpec(template: JsonObject, extras: Record<string, string>, home: Home): JsonObject {
  const volumes = ((template['volumes'] ?? []) as JsonObject[]).filter(({ cloudSqlInstance }) => !cloudSqlInstance);
  const sql = ((template['volumes'] ?? []) as JsonObject[])
    .filter(({ cloudSqlInstance }) => cloudSqlInstance)
    .map(({ name }) => name);
  const secretName = (full: unknown) => shortSecret(String(full), extras['run.googleapis.com/secrets'], home);
  return {
    containerConcurrency: template['maxInstanceRequestConcurrency'] ?? 80,
    timeoutSeconds: Number.parseFloat(String(template['timeout'])),
    serviceAccountName: template['serviceAccount'] ?? '',
    containers: (template['containers'] as JsonObject[]).map((container) => writeContainer(container, sql, secretName)),
    ...(volumes.length > 0 ? { volumes: volumes.map((volume) => writeVolume(volume, secretName)) } : {}),
  };
}

/** Secrets of the project itself go by their short names, others by the alias that the annotation gives them. */
function shortSecret(full: string, aliases: string | undefined, home: Home): string {
  const alias = (aliases ?? '').split(',').find((pair) => pair.trim().endsWith(`:${full}`));
  if (alias) return alias.trim().split(':')[0] ?? full;
  const [, project, name] = /^projects\/([^/]+)\/secrets\/(.+)$/.exec(full) ?? [];
  return name !== undefined && (project === home.projectId || project === home.projectNumber) ? name : full;
}

function writeContainer(container: JsonObject, sqlVolumes: unknown[], secretName: (full: unknown) => string): JsonObject {
  const { env, volumeMounts, resources, ...rest } = container;
  const mounts = ((volumeMounts ?? []) as JsonObject[]).filter(({ name }) => !sqlVolumes.includes(name));
  const { limits } = (resources ?? {}) as JsonObject;
  return {
    ...rest,
    ...(env ? { env: (env as JsonObject[]).map((entry) => writeEnv(entry, secretName)) } : {}),
    ...(limits ? { resources: { limits } } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

function writeEnv({ name, value, valueSource }: JsonObject, secretName: (full: unknown) => string): JsonObject {
  const reference = (valueSource as JsonObject | undefined)?.['secretKeyRef'] as JsonObject | undefined;
  if (!reference) return { name: name ?? '', ...(value === undefined ? {} : { value }) };
  return {
    name: name ?? '',
    valueFrom: { secretKeyRef: { key: reference['version'] ?? 'latest', name: secretName(reference['secret']) } },
  };
}

function writeVolume({ name, secret, emptyDir, gcs, nfs }: JsonObject, secretName: (full: unknown) => string): JsonObject {
  if (secret) {
    const { secret: full, items, ...rest } = secret as JsonObject;
    const list = (items ?? []) as JsonObject[];
    const keys = list.length > 0 ? { items: list.map(({ version, ...item }) => ({ ...item, key: version ?? 'latest' })) } : {};
    return { name: name ?? '', secret: { ...rest, ...keys, secretName: secretName(full) } };
  }
  if (gcs) {
    const { bucket, readOnly } = gcs as JsonObject;
    return {
      name: name ?? '',
      csi: { driver: 'gcsfuse.run.googleapis.com', readOnly: readOnly === true, volumeAttributes: { bucketName: bucket ?? '' } },
    };
  }
  if (nfs) return { name: name ?? '', nfs };
  const { medium, sizeLimit } = (emptyDir ?? {}) as JsonObject;
  const kind = medium === undefined ? {} : { medium: medium === 'MEMORY' ? 'Memory' : 'Disk' };
  return { name: name ?? '', emptyDir: { ...kind, ...(sizeLimit ? { sizeLimit } : {}) } };
}

/** The revision as Knative has it. */
export function showRevision(revision: RevisionRecord, projectNumber: string): JsonObject {
  const { projectId, location, service, name } = revision;
  const { metadata, spec } = writeTemplate(revision.template, revision.extras, { projectId, projectNumber }) as {
    metadata: { labels?: JsonObject; annotations?: JsonObject };
    spec: JsonObject;
  };
  return {
    apiVersion: KNATIVE,
    kind: 'Revision',
    metadata: {
      name,
      namespace: projectNumber,
      selfLink: `/apis/${KNATIVE}/namespaces/${projectNumber}/revisions/${name}`,
      uid: revision.uid,
      resourceVersion: resourceVersion(revision),
      generation: 1,
      creationTimestamp: revision.createTime,
      labels: {
        ...metadata.labels,
        'cloud.googleapis.com/location': location,
        'serving.knative.dev/configuration': service,
        'serving.knative.dev/configurationGeneration': String(revision.generation),
        'serving.knative.dev/route': service,
        'serving.knative.dev/service': service,
      },
      annotations: { ...metadata.annotations, 'serving.knative.dev/creator': revision.creator },
    },
    spec,
    status: {
      observedGeneration: 1,
      conditions: revision.conditions.map(showV1),
      logUrl: logUrl(revision),
      ...(revision.imageDigest ? { imageDigest: revision.imageDigest } : {}),
    },
  };
}
