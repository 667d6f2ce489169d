import type { Json, Service } from './service.ts';
import type { RecordStore } from './store.ts';

const SECRET_NAME = /^(password|rootPassword|privateKey.*|accessToken|clientSecret)$/i;
const STRUCK = '(left out)';

/** All records by kind and key, as `GET /_simulator/state` shows them: without secret payloads. */
export function stateOf(records: RecordStore, services: Service[]): Record<string, Record<string, unknown>> {
  const state: Record<string, Record<string, unknown>> = {};
  for (const kind of records.kindNames()) {
    const keys = records.keys(kind, '');
    // A kind whose last record was deleted is forgotten at the next start: it should not be seen before either.
    if (keys.length === 0) continue;
    const shown: Record<string, unknown> = {};
    for (const key of keys) {
      const value = redacted(kind, JSON.parse(records.text(kind, key) as string) as Json, services);
      if (value !== undefined) shown[key] = value;
    }
    state[kind] = shown;
  }
  return state;
}

function redacted(kind: string, value: Json, services: Service[]): unknown {
  let shown: unknown = value;
  for (const service of services) {
    if (service.redact && shown !== undefined) shown = service.redact(kind, shown as Json);
  }
  return strike(shown);
}

/** The last guard, should a service forget. */
function strike(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('PRIVATE KEY-----') ? STRUCK : value;
  if (Array.isArray(value)) return value.map(strike);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, SECRET_NAME.test(name) ? STRUCK : strike(item)]));
}
