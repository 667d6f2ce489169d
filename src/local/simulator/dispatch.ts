import type { IncomingMessage } from 'node:http';
import { sendJson, wantsEnumNumbers, wantsPretty, withEnumNumbers } from './answer.ts';
import type { Arrival } from './arrival.ts';
import type { Method } from './discovery.ts';
import type { Engine } from './engine.ts';
import type { Family } from './error-form.ts';
import { badRequest, errorBody, familyOf, methodNotFound, statusName, unauthenticated } from './error-form.ts';
import { apiOfHost } from './hosts.ts';
import { readParameters, unknownParameter } from './parameters.ts';
import { checkSelection, parseSelection, select } from './partial-response.ts';
import { authorizeCall, tested } from './permissions.ts';
import { projectOf } from './project-of.ts';
import { readBytes, readJson } from './request-body.ts';
import type { Call, Json } from './service.ts';
import { GoogleError, Reply } from './service.ts';
import { tokenOf } from './tokens.ts';
import { readBody } from './validation.ts';

const FORM_LIMIT = 1024 * 1024;

/** Answers a request for a method of one of Google's APIs. Never throws. */
export async function dispatch(arrival: Arrival, engine: Engine): Promise<void> {
  const { message, response, host, path } = arrival;
  const api = apiOfHost(host, path);
  const family = familyOf(api ?? '');
  try {
    const meant = await overridden(arrival);
    const answer = await answerMethod(meant.arrival, meant.httpMethod, api, family, engine);
    sendJson(message, response, { ...answer, pretty: wantsPretty(meant.arrival.query) });
  } catch (error) {
    sendError(arrival, error, family, engine);
  }
}

/** Sends a refusal in the form of the API; anything but a GoogleError is a fault of the simulator, and says so. */
export function sendError(
  arrival: Pick<Arrival, 'message' | 'response' | 'query'>,
  error: unknown,
  family: Family,
  engine: Engine,
): void {
  const { message, response, query } = arrival;
  const facts =
    error instanceof GoogleError
      ? error.facts
      : {
          code: 500,
          status: 'INTERNAL',
          message: 'Internal error encountered.',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.DebugInfo',
              detail: error instanceof Error ? error.message : String(error),
            },
          ],
        };
  // A client that went away in the middle of its body is nobody's fault here.
  const gone = message.destroyed && !message.complete;
  if (!(error instanceof GoogleError) && !gone) engine.onBug(error);
  // What was not read of the body would be taken for the next request.
  const headers: Record<string, string> = message.complete ? {} : { connection: 'close' };
  sendJson(message, response, { status: facts.code, body: errorBody(facts, family), pretty: wantsPretty(query), headers });
}

/**
 * The request that is meant: Google's Python clients send a GET whose URL would be too long as a POST that says so, with the query as a form.
 * https://docs.cloud.google.com/apis/docs/system-parameters
 */
async function overridden(arrival: Arrival): Promise<{ arrival: Arrival; httpMethod: string }> {
  const { message } = arrival;
  const said = message.headers['x-http-method-override'];
  if (message.method !== 'POST' || typeof said !== 'string') return { arrival, httpMethod: message.method ?? 'GET' };
  const httpMethod = said.toUpperCase();
  if (httpMethod !== 'GET' || !isForm(message)) return { arrival, httpMethod };
  const form = (await readBytes(message, FORM_LIMIT, { declared: message.headers['content-length'] })).toString();
  return { arrival: { ...arrival, query: new URLSearchParams([...arrival.query, ...new URLSearchParams(form)]) }, httpMethod };
}

function isForm({ headers }: IncomingMessage): boolean {
  return /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '');
}

async function answerMethod(
  arrival: Arrival,
  httpMethod: string,
  api: string | undefined,
  family: Family,
  engine: Engine,
): Promise<{ status: number; body: unknown; headers?: Record<string, string> }> {
  const { message, path, query } = arrival;
  const found = api === undefined ? undefined : findMethod(engine, api, httpMethod, path);
  const token = tokenOf(message.headers.authorization, query);
  if (!found) throw methodNotFound();
  const { method, pathValues } = found;
  const open = engine.isAnonymous(method.api, method.version, method.id);
  if (token === undefined && !open) throw unauthenticated(method.api, method.id, family);
  const handler = engine.handler(method.api, method.version, method.id);
  if (!handler) throw methodNotFound();
  const params = readParameters(method, pathValues, query, family);
  const selection = parseFields(query, method);
  const bearer = token === undefined ? undefined : engine.bearer(token);
  if (token !== undefined && bearer === undefined && !open) throw unauthenticated(method.api, method.id, family);
  const call: Call = {
    api: method.api,
    version: method.version,
    method: method.id,
    httpMethod: method.table.httpMethod,
    host: arrival.host,
    params,
    body: await requestBody(arrival, method, family),
    headers: message.headers,
    principal: bearer?.email ?? '',
    ...(bearer?.principalSets && { principalSets: bearer.principalSets }),
  };
  const quotaProject = message.headers['x-goog-user-project'];
  const result = await engine.transact(async (sim, commit) => {
    const project = projectOf(call);
    engine.meetProject(sim, project, call, commit);
    engine.requireEnabledFor(
      sim,
      method.api,
      project,
      typeof quotaProject === 'string' && quotaProject ? quotaProject : undefined,
    );
    authorizeCall(engine.services, sim, call);
    return tested(engine.services, sim, call, await handler(call, sim));
  });
  const reply = result instanceof Reply ? result : new Reply(200, result ?? {});
  if (reply.status < 300 && reply.body !== undefined) engine.onAnswer?.(method, reply.body);
  return shape(reply, method, query, selection);
}

function findMethod(engine: Engine, api: string, httpMethod: string, path: string): ReturnType<typeof engine.discovery.find> {
  if (!engine.discovery.has(api)) return undefined;
  try {
    return engine.discovery.find(api, httpMethod, path);
  } catch (error) {
    if (error instanceof URIError) throw badRequest([{ description: 'Invalid percent-encoding in the request path.' }]);
    throw error;
  }
}

function parseFields(query: URLSearchParams, method: Method): ReturnType<typeof parseSelection> | undefined {
  const text = query.get('fields') ?? query.get('$fields');
  if (!text) return undefined;
  const selection = parseSelection(text);
  if (method.table.response) checkSelection(selection, { ref: method.table.response }, method.document);
  return selection;
}

async function requestBody({ message }: Arrival, method: Method, family: Family): Promise<Call['body']> {
  if (method.table.request && isForm(message)) {
    // What curl sends when no content type is given: Google takes it for more of the query.
    const text = (await readBytes(message, FORM_LIMIT, { declared: message.headers['content-length'] })).toString();
    if (text !== '')
      throw badRequest([...new URLSearchParams(text).keys()].map((name) => ({ description: unknownParameter(name) })));
    return readBody({}, method, family);
  }
  return readBody(await readJson(message, family === 'classic'), method, family);
}

function shape(
  reply: Reply,
  method: Method,
  query: URLSearchParams,
  selection: ReturnType<typeof parseFields>,
): { status: number; body: unknown; headers?: Record<string, string> } {
  if (reply.body === undefined || reply.status >= 400) return reply;
  const type = method.table.response ? { ref: method.table.response } : undefined;
  // Through JSON: what a handler left undefined is not there.
  let body = wantsEnumNumbers(query) || selection ? (JSON.parse(JSON.stringify(reply.body)) as Json) : reply.body;
  if (selection) body = select(body as Json, selection);
  if (wantsEnumNumbers(query)) body = withEnumNumbers(body as Json, type, method.document);
  return { status: reply.status, body, headers: reply.headers };
}

/** The body of an answer to a fault: what Google's front end says of a service that does not answer. */
export function faultBody(status: number, host: string, path: string): unknown {
  const message =
    status === 503
      ? 'The service is currently unavailable.'
      : status === 429
        ? 'Resource has been exhausted (e.g. check quota).'
        : 'Internal error encountered.';
  return errorBody({ code: status, status: statusName(status), message }, familyOf(apiOfHost(host, path) ?? ''));
}
