import type { JsonObject } from '../service.ts';

/** What a service's annotations of the first API are as fields of the second, and back. https://docs.cloud.google.com/run/docs/reference/yaml/v1 */
const INGRESS: Record<string, string> = {
  all: 'INGRESS_TRAFFIC_ALL',
  internal: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'internal-and-cloud-load-balancing': 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
};
const RUN = 'run.googleapis.com';
/** Written by the server alone: passed over when sent. */
const OUTPUT = [
  `${RUN}/operation-id`,
  `${RUN}/urls`,
  `${RUN}/ingress-status`,
  'serving.knative.dev/creator',
  'serving.knative.dev/lastModifier',
];
const SYSTEM = /^(?:[a-z0-9.-]+\.)?(?:googleapis\.com|knative\.dev)\//;
/** Flags: annotation, field. */
const FLAGS: Array<[string, string]> = [
  [`${RUN}/iap-enabled`, 'iapEnabled'],
  [`${RUN}/invoker-iam-disabled`, 'invokerIamDisabled'],
  [`${RUN}/default-url-disabled`, 'defaultUriDisabled'],
];
const TEXTS: Array<[string, string]> = [
  [`${RUN}/client-name`, 'client'],
  [`${RUN}/client-version`, 'clientVersion'],
  [`${RUN}/description`, 'description'],
];

export interface Sorted {
  /** Fields of the second API. */
  fields: JsonObject;
  /** The user's own annotations. */
  annotations: Record<string, string>;
  /** Google's, for which there is no field. */
  extras: Record<string, string>;
}

/** Sorts annotations; those that `take` has no use for are the user's own, or kept aside. */
function sort(annotations: JsonObject, take: (name: string, value: string, fields: JsonObject) => boolean): Sorted {
  const sorted: Sorted = { fields: {}, annotations: {}, extras: {} };
  for (const [name, raw] of Object.entries(annotations)) {
    const value = String(raw);
    if (OUTPUT.includes(name) || take(name, value, sorted.fields)) continue;
    (SYSTEM.test(name) ? sorted.extras : sorted.annotations)[name] = value;
  }
  return sorted;
}

export function readServiceAnnotations(annotations: JsonObject): Sorted {
  return sort(annotations, (name, value, fields) => {
    const flag = FLAGS.find(([annotation]) => annotation === name);
    const text = TEXTS.find(([annotation]) => annotation === name);
    if (flag) {
      if (value === 'true') fields[flag[1]] = true;
    } else if (text) fields[text[1]] = value;
    else if (name === `${RUN}/binary-authorization`) fields['binaryAuthorization'] = binaryAuthorization(value);
    else if (name === `${RUN}/ingress`) fields['ingress'] = INGRESS[value] ?? value;
    else if (name === `${RUN}/launch-stage`) fields['launchStage'] = value;
    else if (name === `${RUN}/custom-audiences`) fields['customAudiences'] = listOf(value);
    else if (name === `${RUN}/minScale`) scaling(fields)['minInstanceCount'] = Number(value);
    else if (name === `${RUN}/maxScale`) scaling(fields)['maxInstanceCount'] = Number(value);
    else if (name === `${RUN}/scalingMode`) scaling(fields)['scalingMode'] = value.toUpperCase();
    else if (name === `${RUN}/manualInstanceCount`) scaling(fields)['manualInstanceCount'] = Number(value);
    else return false;
    return true;
  });
}

export function writeServiceAnnotations(spec: JsonObject): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [annotation, field] of FLAGS) if (spec[field] === true) result[annotation] = 'true';
  for (const [annotation, field] of TEXTS) if (spec[field]) result[annotation] = String(spec[field]);
  const { useDefault, policy } = (spec['binaryAuthorization'] ?? {}) as JsonObject;
  if (useDefault === true || policy) result[`${RUN}/binary-authorization`] = useDefault === true ? 'default' : String(policy);
  const ingress = Object.entries(INGRESS).find(([, field]) => field === spec['ingress'])?.[0] ?? 'all';
  result[`${RUN}/ingress`] = ingress;
  result[`${RUN}/ingress-status`] = ingress;
  if (spec['launchStage'] !== 'GA') result[`${RUN}/launch-stage`] = String(spec['launchStage']);
  if (spec['customAudiences']) result[`${RUN}/custom-audiences`] = JSON.stringify(spec['customAudiences']);
  const { minInstanceCount, maxInstanceCount, scalingMode, manualInstanceCount } = (spec['scaling'] ?? {}) as JsonObject;
  if (minInstanceCount) result[`${RUN}/minScale`] = String(minInstanceCount);
  if (maxInstanceCount) result[`${RUN}/maxScale`] = String(maxInstanceCount);
  if (scalingMode) result[`${RUN}/scalingMode`] = String(scalingMode).toLowerCase();
  if (manualInstanceCount) result[`${RUN}/manualInstanceCount`] = String(manualInstanceCount);
  return result;
}

/** `fields` of a template: with `cloudSql`, `cpuIdle` and `startupCpuBoost` for whoever places them. */
export function readTemplateAnnotations(annotations: JsonObject): Sorted {
  return sort(annotations, (name, value, fields) => {
    const text = TEXTS.slice(0, 2).find(([annotation]) => annotation === name);
    if (text) fields[text[1]] = value;
    else if (name === 'autoscaling.knative.dev/minScale') scaling(fields)['minInstanceCount'] = Number(value);
    else if (name === 'autoscaling.knative.dev/maxScale') scaling(fields)['maxInstanceCount'] = Number(value);
    else if (name === `${RUN}/cloudsql-instances`)
      fields['cloudSql'] = value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    else if (name === `${RUN}/cpu-throttling`) fields['cpuIdle'] = value !== 'false';
    else if (name === `${RUN}/startup-cpu-boost`) fields['startupCpuBoost'] = value === 'true';
    else if (name === `${RUN}/sessionAffinity`) fields['sessionAffinity'] = value === 'true';
    else if (name === `${RUN}/vpc-access-connector`) vpc(fields)['connector'] = value;
    else if (name === `${RUN}/vpc-access-egress`) vpc(fields)['egress'] = value.toUpperCase().replaceAll('-', '_');
    else if (name === `${RUN}/network-interfaces`) vpc(fields)['networkInterfaces'] = listOf(value);
    else if (name === `${RUN}/execution-environment`) {
      fields['executionEnvironment'] = `EXECUTION_ENVIRONMENT_${value.toUpperCase()}`;
      // Shown again only to who said it.
      return false;
    } else return false;
    return true;
  });
}

export function writeTemplateAnnotations(template: JsonObject): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [annotation, field] of TEXTS.slice(0, 2)) if (template[field]) result[annotation] = String(template[field]);
  const { minInstanceCount, maxInstanceCount } = (template['scaling'] ?? {}) as JsonObject;
  if (minInstanceCount !== undefined) result['autoscaling.knative.dev/minScale'] = String(minInstanceCount);
  if (maxInstanceCount !== undefined) result['autoscaling.knative.dev/maxScale'] = String(maxInstanceCount);
  const instances = ((template['volumes'] ?? []) as JsonObject[]).flatMap(
    ({ cloudSqlInstance }) => ((cloudSqlInstance as JsonObject | undefined)?.['instances'] ?? []) as string[],
  );
  if (instances.length > 0) result[`${RUN}/cloudsql-instances`] = instances.join(',');
  const resources = ((template['containers'] as JsonObject[])[0]?.['resources'] ?? {}) as JsonObject;
  if (resources['cpuIdle'] !== true) result[`${RUN}/cpu-throttling`] = 'false';
  if (resources['startupCpuBoost'] === true) result[`${RUN}/startup-cpu-boost`] = 'true';
  if (template['sessionAffinity'] === true) result[`${RUN}/sessionAffinity`] = 'true';
  if (template['executionEnvironment'] === 'EXECUTION_ENVIRONMENT_GEN1') result[`${RUN}/execution-environment`] = 'gen1';
  const { connector, egress, networkInterfaces } = (template['vpcAccess'] ?? {}) as JsonObject;
  if (connector) result[`${RUN}/vpc-access-connector`] = String(connector);
  if (egress) result[`${RUN}/vpc-access-egress`] = String(egress).toLowerCase().replaceAll('_', '-');
  if (networkInterfaces) result[`${RUN}/network-interfaces`] = JSON.stringify(networkInterfaces);
  return result;
}

function binaryAuthorization(value: string): JsonObject {
  return value === 'default' ? { useDefault: true } : { policy: value };
}

function scaling(fields: JsonObject): JsonObject {
  fields['scaling'] ??= {};
  return fields['scaling'] as JsonObject;
}

function vpc(fields: JsonObject): JsonObject {
  fields['vpcAccess'] ??= {};
  return fields['vpcAccess'] as JsonObject;
}

function listOf(text: string): JsonObject[] | string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as string[]) : [];
  } catch {
    return [];
  }
}
