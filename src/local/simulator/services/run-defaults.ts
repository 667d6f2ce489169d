import type { JsonObject } from '../service.ts';
import { defaultAccount } from './run-records.ts';

const PROBE = { timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3 };

/** The settings of a service with what Google fills in. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#Service */
export function withDefaults(spec: JsonObject, projectNumber: string): JsonObject {
  const traffic = spec['traffic'];
  return {
    ...spec,
    ingress: known(spec['ingress']) ?? 'INGRESS_TRAFFIC_ALL',
    launchStage: known(spec['launchStage']) ?? 'GA',
    template: templateDefaults((spec['template'] ?? {}) as JsonObject, projectNumber),
    traffic:
      Array.isArray(traffic) && traffic.length > 0 ? traffic : [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
  };
}

/** Undefined for an enum's first value, which says nothing. */
function known(value: unknown): string | undefined {
  return typeof value === 'string' && !/UNSPECIFIED$/.test(value) ? value : undefined;
}

function templateDefaults(template: JsonObject, projectNumber: string): JsonObject {
  const containers = (template['containers'] ?? []) as JsonObject[];
  const ingress = Math.max(
    0,
    containers.findIndex((container) => Array.isArray(container['ports']) && container['ports'].length > 0),
  );
  return {
    ...template,
    executionEnvironment: known(template['executionEnvironment']) ?? 'EXECUTION_ENVIRONMENT_GEN2',
    serviceAccount: template['serviceAccount'] || defaultAccount(projectNumber),
    timeout: template['timeout'] || '300s',
    maxInstanceRequestConcurrency: template['maxInstanceRequestConcurrency'] || concurrency(containers[ingress]),
    containers: containers.map((container, place) => containerDefaults(container, place === ingress)),
  };
}

/** Less than one CPU serves one request at a time. */
function concurrency(container: JsonObject | undefined): number {
  const limits = (container?.['resources'] as JsonObject | undefined)?.['limits'] as JsonObject | undefined;
  const cpu = String(limits?.['cpu'] ?? '1');
  const cores = cpu.endsWith('m') ? Number.parseFloat(cpu) / 1000 : Number.parseFloat(cpu);
  return cores < 1 ? 1 : 80;
}

function containerDefaults(container: JsonObject, ingress: boolean): JsonObject {
  const resources = container['resources'] as JsonObject | undefined;
  const limits = (resources?.['limits'] ?? {}) as JsonObject;
  const ports = container['ports'] as JsonObject[] | undefined;
  const port = Number(ports?.[0]?.['containerPort'] || 8080);
  const result: JsonObject = {
    ...container,
    resources: {
      ...(resources ?? { cpuIdle: true }),
      limits: { ...limits, cpu: limits['cpu'] ?? '1000m', memory: limits['memory'] ?? '512Mi' },
    },
  };
  if (ingress) {
    result['ports'] = [{ name: ports?.[0]?.['name'] || 'http1', containerPort: port }];
    result['startupProbe'] = container['startupProbe']
      ? probe(container['startupProbe'] as JsonObject, port)
      : { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port } };
  }
  for (const name of ['livenessProbe', 'readinessProbe']) {
    if (container[name]) result[name] = probe(container[name] as JsonObject, port);
  }
  return result;
}

function probe(sent: JsonObject, port: number): JsonObject {
  const filled: JsonObject = { ...PROBE, ...sent };
  for (const name of ['timeoutSeconds', 'periodSeconds', 'failureThreshold'] as const) filled[name] = sent[name] || PROBE[name];
  if (sent['httpGet']) {
    const { path, port: own, ...rest } = sent['httpGet'] as JsonObject;
    filled['httpGet'] = { ...rest, path: path || '/', port: own || port };
  } else if (sent['tcpSocket']) {
    filled['tcpSocket'] = { port: (sent['tcpSocket'] as JsonObject)['port'] || port };
  }
  return filled;
}
