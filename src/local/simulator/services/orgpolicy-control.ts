import { readBytes } from '../request-body.ts';
import type { JsonObject, RawRequest, RawRoute, Sim } from '../service.ts';
import { findConstraint } from './orgpolicy-constraints.ts';
import { listPolicies, ORGANIZATION, type Rule, savePolicy } from './orgpolicy-records.ts';
import { badRequest } from './refusals.ts';

const MOST_BYTES = 64 * 1024;
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|::1)$/;
const PATH = /^\/_simulator\/orgpolicy$/;

/**
 * The organisation above the projects, which nobody can be signed in to here: `POST /_simulator/orgpolicy` with
 * `{"constraint", "enforce": true}` (with `"parameters"` for managed ones), `{"constraint", "allowedValues": […], "deniedValues": […]}`, `{"constraint", "denyAll": true}`, or
 * `{"constraint", "reset": true}`; `GET` shows what is set.
 */
export const orgpolicyRoutes: RawRoute[] = [
  {
    httpMethod: ['GET', 'POST'],
    host: OWN_HOST,
    path: PATH,
    authenticated: false,
    async handle(request, sim) {
      if (request.message.method === 'POST') set(sim, await readJson(request));
      const policies = listPolicies(sim, ORGANIZATION).map(({ key, value }) => ({ constraint: `constraints/${key}`, ...value }));
      const { response } = request;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ policies }, null, 2)}\n`);
    },
  },
];

async function readJson({ body, message }: RawRequest): Promise<Record<string, unknown>> {
  const text = (await readBytes(body, MOST_BYTES, { declared: message.headers['content-length'] })).toString();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest('A JSON object is expected.');
}

function set(sim: Sim, sent: Record<string, unknown>): void {
  const constraint = findConstraint(String(sent['constraint'] ?? ''));
  if (!constraint) throw badRequest(`There is no constraint ${JSON.stringify(sent['constraint'])} here.`);
  const rule = constraint.kind === 'boolean' ? booleanRule(sent) : listRule(sent);
  if (sent['reset'] !== true && !rule) {
    const wanted = constraint.kind === 'boolean' ? 'enforce (true or false)' : 'allowedValues, deniedValues, allowAll or denyAll';
    throw badRequest(`${constraint.name} takes ${wanted}.`);
  }
  const spec = rule ? { rules: [rule], updateTime: sim.timestamp(), etag: sim.id(16) } : undefined;
  savePolicy(sim, ORGANIZATION, constraint.name, sent['reset'] === true ? undefined : spec);
}

function booleanRule({ enforce, parameters }: Record<string, unknown>): Rule | undefined {
  if (typeof enforce !== 'boolean') return undefined;
  const isObject = typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
  return { enforce, ...(isObject && { parameters: parameters as JsonObject }) };
}

function listRule({ allowedValues, deniedValues, allowAll, denyAll }: Record<string, unknown>): Rule | undefined {
  if (allowAll === true) return { allowAll };
  if (denyAll === true) return { denyAll };
  const [allowed, denied] = [texts(allowedValues), texts(deniedValues)];
  if (!allowed && !denied) return undefined;
  return { values: { ...(allowed ? { allowedValues: allowed } : {}), ...(denied ? { deniedValues: denied } : {}) } };
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? value : undefined;
}
