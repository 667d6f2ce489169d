import { createHash } from 'node:crypto';
import type { Call, Handler, Json, JsonObject, Sim } from '../service.ts';
import { canonicalResource } from './iap-resources.ts';
import { applyMask, isObject, maskPaths } from './masks.ts';
import { invalidField } from './refusals.ts';

const KIND = 'iap.settings';
const FIELDS = ['accessSettings', 'applicationSettings'];

/** https://docs.cloud.google.com/iap/docs/reference/rest/v1/TopLevel/getIapSettings */
export const settingsMethods: Record<string, Handler> = {
  'iap.getIapSettings': (call, sim) => {
    const name = canonicalResource(sim, String(call.params['name']));
    return show(name, readSettings(sim, name));
  },
  'iap.updateIapSettings': update,
};

function readSettings(sim: Sim, name: string): JsonObject {
  return sim.store.get(KIND, name) ?? {};
}

function show(name: string, settings: JsonObject): JsonObject {
  return { ...settings, name };
}

/** Without a mask everything is replaced; with one, its paths are, with or without `iapSettings.` in front. */
function update(call: Call, sim: Sim): JsonObject {
  const name = canonicalResource(sim, String(call.params['name']));
  const sent = withHashes(call.body) as JsonObject;
  const mask = call.params['updateMask'];
  const paths = mask ? maskPaths(mask, {}).map(canonicalPath) : FIELDS;
  const wrong = paths.find((path) => !FIELDS.includes(path.split('.')[0] ?? ''));
  if (wrong !== undefined) throw invalidField('update_mask', `Invalid field mask path: ${wrong}`);
  const settings = withoutEmpty(applyMask(readSettings(sim, name), sent, paths)) ?? {};
  sim.store.put(KIND, name, settings);
  return show(name, settings as JsonObject);
}

function canonicalPath(path: string): string {
  return path.replace(/^iapSettings\./, '').replace(/\.clientSecret$/, '.clientSecretSha256');
}

/** A client secret is taken in, and its hash is all that is kept of it. */
function withHashes(value: Json): Json {
  if (Array.isArray(value)) return value.map(withHashes);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) =>
      field === 'clientSecret'
        ? ['clientSecretSha256', createHash('sha256').update(String(item)).digest('hex')]
        : [field, withHashes(item)],
    ),
  );
}

/** Messages in which nothing is left are not there. */
function withoutEmpty(value: Json): Json | undefined {
  if (!isObject(value)) return value;
  const fields = Object.entries(value).flatMap(([field, item]) => {
    const kept = withoutEmpty(item);
    return kept === undefined ? [] : [[field, kept] as const];
  });
  return fields.length > 0 ? Object.fromEntries(fields) : undefined;
}
