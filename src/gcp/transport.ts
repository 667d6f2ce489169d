import { Readable } from 'node:stream';
import type { gaxios } from 'google-auth-library';
import type { Target } from '../target.ts';
import type { Agents } from './agents.ts';
import { errorFor, isServiceDisabled } from './errors.ts';
import { type GoogleFailure, readFailure } from './failure.ts';
import { networkCode, networkError } from './network-error.ts';
import { requestLine } from './request-log.ts';
import { backoff, type Clock, interruption, isRateLimited, isTransientFailure, pause } from './retry.ts';

type GaxiosOptionsPrepared = gaxios.GaxiosOptionsPrepared;
type GaxiosResponse = gaxios.GaxiosResponse;

export interface TransportOptions {
  target: Target;
  userAgent: string;
  log(line: string): void;
  signal: AbortSignal;
  clock: Clock;
  /** Whether this service was enabled so recently that its refusals pass by themselves. */
  justEnabled(service: string): boolean;
  /** Whether it was our choice, and not that of the credentials, that requests are charged to this project. */
  isOurCharge?(project: string): boolean;
}
/** What a caller of ours may put into gaxios' options beside what gaxios knows. */
export interface OwnOptions {
  /** For one attempt, until the answer's head (of a stream) or end is there. */
  attemptTimeoutMs?: number;
  /** Whether a POST may be sent twice. */
  idempotent?: boolean;
}
/** Where an answer carries what was read from it. */
export const FAILURE = Symbol('failure');
type Prepared = GaxiosOptionsPrepared & OwnOptions;
type Send = (options: GaxiosOptionsPrepared) => Promise<GaxiosResponse>;

/** Repeats of one request: five, within half a minute. */
const ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 16_000;
/** A wait that Google asks for and that is longer than this is not waited for here. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 60_000;
const CHARGED_TO = 'x-goog-user-project';
const FIRST_SERVICES = ['cloudresourcemanager', 'serviceusage', 'cloudbilling'].map((name) => `${name}.googleapis.com`);
/** POSTs that read, or that say the same when they are said twice. */
const HARMLESS_POST = /:(testIamPermissions|getIamPolicy|getAncestry|batchEnable|cancel)$|\/token$/;

/**
 * Makes gaxios, the HTTP client under Google's libraries, the one way to Google: connections, trust, user agent, request log, time
 * limits, interruption and repeats are set here for all of them. gaxios applies request interceptors after it has read proxies from
 * the process's environment, so what is set here wins over them.
 */
export function installTransport(client: gaxios.Gaxios, agents: Agents, options: TransportOptions): void {
  client.interceptors.request.add({
    resolved: async (prepared) => {
      prepared.agent = agents.for(prepared.url);
      prepared.headers.set('user-agent', options.userAgent);
      // One place repeats: this one.
      prepared.retry = false;
      delete prepared.retryConfig;
      prepared.adapter = (sent, send) => sendWithRepeats(sent, send as Send, options) as never;
      return prepared;
    },
  });
}

async function sendWithRepeats(prepared: Prepared, send: Send, options: TransportOptions): Promise<GaxiosResponse> {
  const repeatable = canRepeat(prepared);
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptOnce(prepared, send, options, attempt);
    if ('answer' in outcome && outcome.failure === undefined) return outcome.answer;
    const wait = waitBefore(outcome.failure as GoogleFailure, attempt, repeatable, isStream(prepared.body), options);
    if (wait === undefined) {
      if ('answer' in outcome) return (await sendUncharged(prepared, outcome.failure, send, options)) ?? outcome.answer;
      throw outcome.error;
    }
    await pause(options, wait);
  }
}

/**
 * A request that is charged to a project is refused where its service is off there, and in a new project it is. The services by which
 * such a project is looked at and made ready are asked again, charged to nobody; the answer, or undefined where that is refused too.
 * https://docs.cloud.google.com/docs/quotas/quota-project
 */
async function sendUncharged(
  prepared: Prepared,
  failure: GoogleFailure | undefined,
  send: Send,
  options: TransportOptions,
): Promise<GaxiosResponse | undefined> {
  const project = prepared.headers.get(CHARGED_TO);
  if (failure === undefined || project === null || options.isOurCharge?.(project) !== true) return undefined;
  if (!FIRST_SERVICES.includes(prepared.url.hostname) || !isServiceDisabled(errorFor(failure))) return undefined;
  const headers = new Headers(prepared.headers);
  headers.delete(CHARGED_TO);
  const outcome = await attemptOnce({ ...prepared, headers }, send, options, 1);
  return 'answer' in outcome && outcome.failure === undefined ? outcome.answer : undefined;
}

type Outcome = { answer: GaxiosResponse; failure: GoogleFailure | undefined } | { error: Error; failure: GoogleFailure };

async function attemptOnce(prepared: Prepared, send: Send, options: TransportOptions, attempt: number): Promise<Outcome> {
  const { method = 'GET', url } = prepared;
  const start = options.clock.now();
  const log = (outcome: string) => options.log(requestLine({ method, url, outcome, ms: options.clock.now() - start, attempt }));
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), prepared.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS);
  try {
    const signals = [options.signal, timeout.signal, ...(prepared.signal ? [prepared.signal] : [])];
    const answer = await send({ ...prepared, signal: AbortSignal.any(signals) });
    log(String(answer.status));
    const failure = await failureIn(answer, prepared);
    // Kept with the answer, because gaxios strikes out bodies in which it sees the word "secret".
    return { answer: Object.assign(answer, { [FAILURE]: failure }), failure };
  } catch (error) {
    if (options.signal.aborted) throw interruption(options.signal);
    const broken = timeout.signal.aborted
      ? Object.assign(new Error('no answer in time', { cause: error }), { code: 'REQUEST_TIMEOUT' })
      : error;
    log(networkCode(broken) ?? 'failed');
    const told = networkError(broken, {
      method,
      url,
      proxy: url.protocol === 'https:' ? options.target.proxyFor(url.hostname) : undefined,
    });
    return { error: told, failure: told.failure };
  } finally {
    clearTimeout(timer);
  }
}

/** What the answer refuses, or undefined where it does not. A refusal's body that comes as a stream is read, and put back as one. */
async function failureIn(answer: GaxiosResponse, prepared: Prepared): Promise<GoogleFailure | undefined> {
  if (answer.status < 400) return undefined;
  let body: unknown = answer.data;
  if (prepared.responseType === 'stream' && body instanceof Readable) {
    body = Buffer.concat(await body.toArray());
    answer.data = Readable.from([body]);
  } else if (isBlob(body)) {
    // What gaxios makes of forms that it does not know, such as Cloud Storage's XML.
    body = await body.text();
    answer.data = body;
  }
  const { method = 'GET', url } = prepared;
  const retryAfterMs = retryAfter(answer.headers);
  return readFailure({ status: answer.status, body, method, url: `${url.origin}${url.pathname}`, retryAfterMs });
}

/** Milliseconds to wait before the request is sent again, or undefined where it is not. */
function waitBefore(
  failure: GoogleFailure,
  attempt: number,
  repeatable: boolean,
  streamed: boolean,
  options: TransportOptions,
): number | undefined {
  if (streamed) return undefined;
  // Enabling a service is done minutes before all of Google knows of it. Nothing has happened yet, so any method can be repeated.
  // https://docs.cloud.google.com/service-usage/docs/enable-disable
  if (isServiceDisabled(errorFor(failure)) && options.justEnabled(failure.metadata['service'] ?? new URL(failure.url).hostname)) {
    return backoff(attempt, { firstMs: 100, maxMs: 10_000, random: 0.5 + options.clock.random() / 2 });
  }
  const again = isRateLimited(failure) || notSent(failure) || (repeatable && isTransientFailure(failure));
  if (!again || attempt + 1 >= ATTEMPTS || (failure.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER_MS) return undefined;
  return backoff(attempt, {
    firstMs: FIRST_WAIT_MS,
    maxMs: LONGEST_WAIT_MS,
    random: options.clock.random(),
    retryAfterMs: failure.retryAfterMs,
  });
}

/** The request never left: a name server that was busy for a moment. */
function notSent(failure: GoogleFailure): boolean {
  return failure.status === 0 && failure.reasons.includes('EAI_AGAIN');
}

function canRepeat(prepared: Prepared): boolean {
  if (prepared.idempotent !== undefined) return prepared.idempotent;
  // PATCH is sent with whole values, or with an etag that makes the second one fail.
  return prepared.method !== 'POST' || HARMLESS_POST.test(prepared.url.pathname);
}

/** Not always the global class: gaxios' HTTP client brings its own. */
function isBlob(body: unknown): body is { text(): Promise<string> } {
  return typeof body === 'object' && body !== null && 'text' in body && typeof body.text === 'function';
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

/** Retry-After: seconds, or a date. https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
