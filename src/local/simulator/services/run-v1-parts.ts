import type { JsonObject } from '../service.ts';
import { showV1 } from './run-conditions.ts';
import type { ServiceRecord } from './run-records.ts';
import { showService } from './run-v1-show.ts';

/** What Knative has behind a service, made from it: its configuration. */
export function configurationOf(service: ServiceRecord): JsonObject {
  const { metadata, spec, status } = showService(service) as Record<string, JsonObject>;
  const ready = service.conditions
    .filter(({ type }) => type === 'ConfigurationsReady')
    .map((condition) => showV1({ ...condition, type: 'Ready' }));
  const { observedGeneration, latestReadyRevisionName, latestCreatedRevisionName } = status as JsonObject;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Configuration',
    metadata: metadata as JsonObject,
    spec: { template: (spec as JsonObject)['template'] ?? {} },
    status: {
      observedGeneration: observedGeneration ?? 0,
      conditions: ready,
      ...(latestReadyRevisionName ? { latestReadyRevisionName } : {}),
      ...(latestCreatedRevisionName ? { latestCreatedRevisionName } : {}),
    },
  };
}

/** And its route. */
export function routeOf(service: ServiceRecord): JsonObject {
  const { metadata, spec, status } = showService(service) as Record<string, JsonObject>;
  const ready = service.conditions
    .filter(({ type }) => type === 'RoutesReady')
    .map((condition) => showV1({ ...condition, type: 'Ready' }));
  const { observedGeneration, traffic, url, address } = status as JsonObject;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Route',
    metadata: metadata as JsonObject,
    spec: { traffic: (spec as JsonObject)['traffic'] ?? [] },
    status: {
      observedGeneration: observedGeneration ?? 0,
      conditions: ready,
      ...(traffic ? { traffic } : {}),
      ...(url ? { url, address: address ?? {} } : {}),
    },
  };
}
