import type { Json, JsonObject } from '../service.ts';
import { GoogleError } from '../service.ts';
import { isRegion } from './regions.ts';
import type { BucketRecord } from './storage-bucket-record.ts';
import { invalid } from './storage-errors.ts';

const MULTI_REGIONS = ['ASIA', 'EU', 'US'];
const DUAL_REGIONS = ['ASIA1', 'EUR4', 'EUR5', 'EUR7', 'EUR8', 'NAM4'];
const CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE', 'DURABLE_REDUCED_AVAILABILITY', 'MULTI_REGIONAL', 'REGIONAL'];
const DAY = 86_400;
const SOFT_DELETE_DEFAULT = 7 * DAY;

/**
 * Holds a name against https://docs.cloud.google.com/storage/docs/buckets#naming.
 * @throws GoogleError 400; 403 for a domain's name, whose owner would have to be verified
 */
export function checkBucketName(name: string): void {
  const parts = name.split('.');
  const lengthFits = name.length >= 3 && name.length <= 222 && parts.every((part) => part.length > 0 && part.length <= 63);
  const wellFormed = /^[a-z0-9][a-z0-9._-]*[a-z0-9]$/.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!lengthFits || !wellFormed) throw invalid(`Invalid bucket name: '${name}'`);
  if (name.startsWith('goog') || /g[o0][o0]g[l1]e/.test(name)) throw invalid(`Invalid bucket name: '${name}'`);
  if (parts.length > 1) {
    throw new GoogleError({
      code: 403,
      message: 'The bucket you tried to create is a domain name owned by another user.',
      reason: 'forbidden',
    });
  }
}

/** @throws GoogleError 400 for a location that there is not */
export function resolveLocation(sent: Json | undefined): Pick<BucketRecord, 'location' | 'locationType'> {
  const location = typeof sent === 'string' && sent !== '' ? sent.toUpperCase() : 'US';
  if (MULTI_REGIONS.includes(location)) return { location, locationType: 'multi-region' };
  if (DUAL_REGIONS.includes(location)) return { location, locationType: 'dual-region' };
  if (isRegion(location.toLowerCase())) return { location, locationType: 'region' };
  throw invalid('The specified location constraint is not valid.');
}

const OBJECT_SETTINGS = [
  'autoclass',
  'billing',
  'customPlacementConfig',
  'encryption',
  'hierarchicalNamespace',
  'ipFilter',
  'logging',
  'objectRetention',
  'website',
];

/**
 * The settings of a bucket out of a request's resource: checked, in the API's form, defaults filled in, empty ones left out.
 * @param before the settings that were, which times and unset fields are taken from
 * @param now ISO time
 * @throws GoogleError 400 for a value that Google refuses
 */
export function normalizeSettings(
  sent: JsonObject,
  place: Pick<BucketRecord, 'locationType'>,
  before: JsonObject,
  now: string,
): JsonObject {
  const settings: JsonObject = {
    storageClass: storageClass(sent['storageClass']),
    iamConfiguration: iamConfiguration(sent['iamConfiguration'] as JsonObject | undefined, before, now),
    softDeletePolicy: softDeletePolicy(sent['softDeletePolicy'] as JsonObject | undefined, before, now),
  };
  if (place.locationType !== 'region') settings['rpo'] = sent['rpo'] ?? 'DEFAULT';
  const labels = sent['labels'] as JsonObject | undefined;
  if (labels && Object.keys(labels).length > 0) settings['labels'] = checkLabels(labels);
  const versioning = sent['versioning'] as JsonObject | undefined;
  if (versioning) settings['versioning'] = { enabled: versioning['enabled'] === true };
  const rules = (sent['lifecycle'] as JsonObject | undefined)?.['rule'];
  if (Array.isArray(rules) && rules.length > 0) settings['lifecycle'] = { rule: checkRules(rules) };
  if (Array.isArray(sent['cors']) && sent['cors'].length > 0) settings['cors'] = sent['cors'];
  const retention = sent['retentionPolicy'] as JsonObject | undefined;
  if (retention?.['retentionPeriod']) settings['retentionPolicy'] = { effectiveTime: now, ...retention };
  if (sent['defaultEventBasedHold'] !== undefined) settings['defaultEventBasedHold'] = sent['defaultEventBasedHold'];
  for (const name of OBJECT_SETTINGS) {
    const value = sent[name];
    if (value && Object.keys(value).length > 0) settings[name] = value;
  }
  if (settings['autoclass']) settings['autoclass'] = autoclass(settings['autoclass'] as JsonObject, before, now);
  return settings;
}

/** https://docs.cloud.google.com/storage/docs/autoclass */
function autoclass(sent: JsonObject, before: JsonObject, now: string): JsonObject {
  const old = before['autoclass'] as JsonObject | undefined;
  const same = (name: string): boolean => old?.[name] === sent[name] || (sent[name] === undefined && old !== undefined);
  if (sent['enabled'] !== true) return { enabled: false, toggleTime: (same('enabled') ? old?.['toggleTime'] : undefined) ?? now };
  return {
    enabled: true,
    toggleTime: (same('enabled') ? old?.['toggleTime'] : undefined) ?? now,
    terminalStorageClass: sent['terminalStorageClass'] ?? 'NEARLINE',
    terminalStorageClassUpdateTime: (same('terminalStorageClass') ? old?.['terminalStorageClassUpdateTime'] : undefined) ?? now,
  };
}

function storageClass(sent: Json | undefined): string {
  const name = typeof sent === 'string' && sent !== '' ? sent.toUpperCase() : 'STANDARD';
  if (!CLASSES.includes(name)) throw invalid('Invalid argument.');
  return name;
}

function iamConfiguration(sent: JsonObject | undefined, before: JsonObject, now: string): JsonObject {
  const prevention = sent?.['publicAccessPrevention'] ?? 'inherited';
  const given = (sent?.['uniformBucketLevelAccess'] ?? sent?.['bucketPolicyOnly']) as JsonObject | undefined;
  const old = (before['iamConfiguration'] as JsonObject | undefined)?.['uniformBucketLevelAccess'] as JsonObject | undefined;
  const uniform: JsonObject = { enabled: given?.['enabled'] === true };
  if (uniform['enabled']) {
    const locked = old?.['enabled'] === true ? old['lockedTime'] : undefined;
    uniform['lockedTime'] = locked ?? new Date(Date.parse(now) + 90 * DAY * 1000).toISOString();
  } else if (typeof old?.['lockedTime'] === 'string' && Date.parse(old['lockedTime']) < Date.parse(now)) {
    throw invalid('Cannot disable Uniform bucket-level access after the locked time.');
  }
  return {
    bucketPolicyOnly: { ...uniform },
    uniformBucketLevelAccess: uniform,
    publicAccessPrevention: prevention === 'unspecified' ? 'inherited' : prevention,
  };
}

function softDeletePolicy(sent: JsonObject | undefined, before: JsonObject, now: string): JsonObject {
  const seconds = Number(sent?.['retentionDurationSeconds'] ?? SOFT_DELETE_DEFAULT);
  if (seconds !== 0 && (seconds < 7 * DAY || seconds > 90 * DAY)) {
    throw invalid('Soft delete policy retention duration must be 0 or between 604800 and 7776000 seconds.');
  }
  const old = before['softDeletePolicy'] as JsonObject | undefined;
  const same = old?.['retentionDurationSeconds'] === String(seconds) && old['effectiveTime'] !== undefined;
  return {
    retentionDurationSeconds: String(seconds),
    ...(seconds > 0 ? { effectiveTime: (same ? old['effectiveTime'] : undefined) ?? now } : {}),
  };
}

function checkRules(rules: Json[]): Json[] {
  for (const rule of rules as JsonObject[]) {
    const type = (rule['action'] as JsonObject | undefined)?.['type'];
    if (!['Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload'].includes(String(type))) {
      throw invalid(`A lifecycle management rule has an invalid action type: ${type ?? ''}.`);
    }
    const condition = rule['condition'] as JsonObject | undefined;
    if (!condition || Object.keys(condition).length === 0) {
      throw invalid('A lifecycle management rule must have at least one condition.');
    }
  }
  return rules;
}

/** https://docs.cloud.google.com/storage/docs/tags-and-labels#bucket-labels */
function checkLabels(labels: JsonObject): JsonObject {
  if (Object.keys(labels).length > 64) throw invalid('A bucket can have at most 64 labels.');
  for (const [key, value] of Object.entries(labels)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) throw invalid(`Invalid label key: '${key}'.`);
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(String(value))) throw invalid(`Invalid label value: '${value}'.`);
  }
  return labels;
}

/** RFC 7396: null removes, objects merge, anything else replaces. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isObject(value)) merged[key] = mergePatch(isObject(merged[key]) ? merged[key] : {}, value);
    else merged[key] = value;
  }
  return merged;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
