import type { JsonObject } from '../service.ts';
import { badRequest } from './refusals.ts';
import type { Wanted } from './run-change.ts';
import { readServiceAnnotations, readTemplateAnnotations } from './run-v1-annotations.ts';

const SECRETS = 'run.googleapis.com/secrets';
const GCS_DRIVER = 'gcsfuse.run.googleapis.com';
const CLOUD_SQL_VOLUME = 'cloudsql';
/** Labels that the server writes. */
const OUTPUT_LABELS = [
  'cloud.googleapis.com/location',
  'run.googleapis.com/startupProbeType',
  'run.googleapis.com/lastUpdatedTime',
];

/**
 * A Knative service as the settings that are kept.
 * @throws GoogleError 400 for what is no service
 */
export function readV1(body: JsonObject): Wanted {
  if (body['apiVersion'] !== 'serving.knative.dev/v1') throw badRequest('apiVersion: should be serving.knative.dev/v1');
  if (body['kind'] !== 'Service') throw badRequest('kind: should be Service');
  const metadata = object(body['metadata']);
  const spec = object(body['spec']);
  const own = readServiceAnnotations(object(metadata['annotations']));
  const templateMetadata = object(object(spec['template'])['metadata']);
  const inner = readTemplateAnnotations(object(templateMetadata['annotations']));
  const labels = withoutOutput(object(metadata['labels']));
  return {
    spec: {
      ...own.fields,
      ...filled('annotations', own.annotations),
      ...filled('labels', labels),
      template: readTemplate(object(object(spec['template'])['spec']), templateMetadata, inner),
      traffic: list(spec['traffic']).map(readTraffic),
    },
    extras: { service: own.extras, template: inner.extras },
  };
}

export function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function list(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}

export function filled(name: string, value: Record<string, unknown>): JsonObject {
  return Object.keys(value).length > 0 ? { [name]: value as JsonObject } : {};
}

export function withoutOutput(labels: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !OUTPUT_LABELS.includes(name)));
}

/** The template of a service's revisions, or of a job's tasks. */
export function readTemplate(
  spec: JsonObject,
  metadata: JsonObject,
  annotations: ReturnType<typeof readTemplateAnnotations>,
): JsonObject {
  const { cloudSql, cpuIdle, startupCpuBoost, ...fields } = annotations.fields;
  const aliases = secretAliases(annotations.extras[SECRETS]);
  const instances = (cloudSql ?? []) as string[];
  const containers = list(spec['containers']).map((container) => readContainer(container, aliases));
  const volumes = list(spec['volumes']).map((volume) => readVolume(volume, aliases));
  if (instances.length > 0) volumes.push({ name: CLOUD_SQL_VOLUME, cloudSqlInstance: { instances } });
  const first = containers[0];
  if (first) {
    const resources = object(first['resources']);
    first['resources'] = { ...resources, cpuIdle: cpuIdle !== false, ...(startupCpuBoost === true ? { startupCpuBoost } : {}) };
    if (instances.length > 0)
      first['volumeMounts'] = [...list(first['volumeMounts']), { name: CLOUD_SQL_VOLUME, mountPath: '/cloudsql' }];
  }
  return {
    ...fields,
    ...filled('annotations', annotations.annotations),
    ...filled('labels', withoutOutput(object(metadata['labels']))),
    ...(metadata['name'] ? { revision: metadata['name'] } : {}),
    ...(spec['containerConcurrency'] ? { maxInstanceRequestConcurrency: spec['containerConcurrency'] } : {}),
    ...(spec['timeoutSeconds'] ? { timeout: `${spec['timeoutSeconds']}s` } : {}),
    ...(spec['serviceAccountName'] ? { serviceAccount: spec['serviceAccountName'] } : {}),
    containers,
    ...(volumes.length > 0 ? { volumes } : {}),
  };
}

/** `alias:projects/P/secrets/S,…`: names of secrets of other projects. */
function secretAliases(annotation: string | undefined): Map<string, string> {
  const pairs = (annotation ?? '').split(',').map((part) => part.trim().split(':'));
  return new Map(pairs.filter((pair): pair is [string, string] => pair.length === 2));
}

function readContainer(container: JsonObject, aliases: Map<string, string>): JsonObject {
  const {
    env,
    ports,
    startupProbe,
    livenessProbe,
    readinessProbe,
    image,
    name,
    command,
    args,
    resources,
    volumeMounts,
    workingDir,
  } = container;
  const result: JsonObject = {};
  const copied = { image, name: name === '' ? undefined : name, command, args, volumeMounts, workingDir };
  for (const [field, value] of Object.entries(copied)) {
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) result[field] = value;
  }
  if (list(env).length > 0) result['env'] = list(env).map((entry) => readEnv(entry, aliases));
  if (list(ports).length > 0) {
    result['ports'] = list(ports).map((port) => ({
      ...(port['name'] ? { name: port['name'] } : {}),
      containerPort: port['containerPort'] ?? 8080,
    }));
  }
  const { limits } = object(resources);
  if (limits) result['resources'] = { limits };
  for (const [field, probe] of Object.entries({ startupProbe, livenessProbe, readinessProbe })) {
    if (probe) result[field] = readProbe(object(probe));
  }
  return result;
}

function readProbe({ successThreshold: _, exec: __, ...probe }: JsonObject): JsonObject {
  const { httpGet } = probe;
  if (!httpGet) return probe;
  const { scheme: _scheme, host: _host, ...rest } = object(httpGet);
  return { ...probe, httpGet: rest };
}

function readEnv({ name, value, valueFrom }: JsonObject, aliases: Map<string, string>): JsonObject {
  const reference = object(object(valueFrom)['secretKeyRef']);
  if (Object.keys(reference).length === 0) return { name: name ?? '', ...(value ? { value } : {}) };
  const secret = String(reference['name'] ?? '');
  return {
    name: name ?? '',
    valueSource: { secretKeyRef: { secret: aliases.get(secret) ?? secret, version: reference['key'] ?? 'latest' } },
  };
}

function readVolume({ name, secret, emptyDir, csi, nfs }: JsonObject, aliases: Map<string, string>): JsonObject {
  if (secret) {
    const { secretName, items, defaultMode } = object(secret);
    return {
      name: name ?? '',
      secret: {
        secret: aliases.get(String(secretName)) ?? secretName ?? '',
        ...(list(items).length > 0
          ? { items: list(items).map(({ key, ...rest }) => ({ ...rest, version: key ?? 'latest' })) }
          : {}),
        ...(defaultMode === undefined ? {} : { defaultMode }),
      },
    };
  }
  if (csi) {
    const { driver, readOnly, volumeAttributes } = object(csi);
    if (driver !== GCS_DRIVER) throw badRequest(`spec.template.spec.volumes: unsupported CSI driver "${driver}"`);
    return { name: name ?? '', gcs: { bucket: object(volumeAttributes)['bucketName'] ?? '', ...(readOnly ? { readOnly } : {}) } };
  }
  if (nfs) return { name: name ?? '', nfs };
  const { medium, sizeLimit } = object(emptyDir);
  const kind = medium === undefined ? {} : { medium: String(medium).toUpperCase() };
  return { name: name ?? '', emptyDir: { ...kind, ...(sizeLimit ? { sizeLimit } : {}) } };
}

function readTraffic({ revisionName, percent, tag, latestRevision }: JsonObject): JsonObject {
  const named = typeof revisionName === 'string' && revisionName !== '' && latestRevision !== true;
  return {
    type: `TRAFFIC_TARGET_ALLOCATION_TYPE_${named ? 'REVISION' : 'LATEST'}`,
    ...(named ? { revision: revisionName } : {}),
    ...(percent ? { percent } : {}),
    ...(tag ? { tag } : {}),
  };
}
