/** What Google said when it refused, beside the words: what predicates, repeats and messages go by. */
export interface GoogleFailure {
  /** HTTP status; 0 where no answer came. */
  status: number;
  /** google.rpc.Code name, such as NOT_FOUND; empty where Google gave none, as the older APIs do. */
  rpcStatus: string;
  /** ErrorInfo.reason and the older APIs' errors[].reason: SERVICE_DISABLED, IAM_PERMISSION_DENIED, notAuthorized; or a network error's code. */
  reasons: string[];
  /** ErrorInfo.metadata. */
  metadata: Record<string, string>;
  /** Of PreconditionFailure, QuotaFailure and BadRequest. */
  violations: Violation[];
  /** Google's own words. */
  message: string;
  method: string;
  /** Without query. */
  url: string;
  /** How long Google asks to wait. */
  retryAfterMs?: number;
}
export interface Violation {
  type: string;
  subject: string;
  description: string;
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto, in the order of the numbers. */
const RPC_CODES = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401],
] as const;

const DUPLICATE_REASONS = ['alreadyExists', 'instanceAlreadyExists', 'conflict', 'duplicate'];

/** The name of a google.rpc.Code number. */
export function rpcStatusOf(code: number): string {
  return RPC_CODES[code]?.[0] ?? 'UNKNOWN';
}

/** The HTTP status that goes with a google.rpc.Code name. */
export function httpStatusOf(rpcStatus: string): number {
  return RPC_CODES.find(([name]) => name === rpcStatus)?.[1] ?? 500;
}

/** Reads a refused answer. `body` is as parsed as it came: an object, a list with one, JSON as text, or other text. */
export function readFailure(answer: {
  status: number;
  body: unknown;
  method: string;
  url: string;
  retryAfterMs?: number | undefined;
}): GoogleFailure {
  const failure: GoogleFailure = {
    status: answer.status,
    rpcStatus: '',
    reasons: [],
    metadata: {},
    violations: [],
    message: '',
    method: answer.method,
    url: answer.url,
    ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
  };
  const body = parsed(answer.body);
  const error = isRecord(body) ? body['error'] : undefined;
  if (isRecord(error)) {
    readStatus(error, failure);
  } else if (typeof error === 'string') {
    // OAuth's form: {"error": "invalid_grant", "error_description": "…"}
    failure.reasons.push(error);
    failure.message = text(isRecord(body) ? body['error_description'] : '');
  } else if (typeof body === 'string') {
    failure.message = body.slice(0, 300);
  }
  return failure;
}

/** Whether it is refused because something of that name is there. Older APIs tell it by the reason; Cloud Storage's is `conflict`. */
export function isDuplicate(failure: GoogleFailure): boolean {
  if (failure.rpcStatus === 'ALREADY_EXISTS') return !failure.reasons.includes('operationInProgress');
  return failure.status === 409 && failure.reasons.some((reason) => DUPLICATE_REASONS.includes(reason));
}

/** Reads a google.rpc.Status (`code`, `status`, `message`, `details`) or the older `errors` list into the failure. */
export function readStatus(error: Record<string, unknown>, failure: GoogleFailure): void {
  failure.message = text(error['message']) || failure.message;
  failure.rpcStatus = text(error['status']);
  for (const detail of records(error['details'])) readDetail(detail, failure);
  for (const older of records(error['errors'])) {
    if (typeof older['reason'] === 'string') failure.reasons.push(older['reason']);
    failure.message ||= text(older['message']);
  }
}

function readDetail(detail: Record<string, unknown>, failure: GoogleFailure): void {
  switch (text(detail['@type']).replace(/^type\.googleapis\.com\//, '')) {
    case 'google.rpc.ErrorInfo':
      if (typeof detail['reason'] === 'string') failure.reasons.push(detail['reason']);
      if (isRecord(detail['metadata'])) Object.assign(failure.metadata, detail['metadata']);
      break;
    case 'google.rpc.PreconditionFailure':
    case 'google.rpc.QuotaFailure':
      for (const item of records(detail['violations'])) {
        failure.violations.push({
          type: text(item['type']),
          subject: text(item['subject']),
          description: text(item['description']),
        });
      }
      break;
    case 'google.rpc.BadRequest':
      for (const item of records(detail['fieldViolations'])) {
        failure.violations.push({ type: 'field', subject: text(item['field']), description: text(item['description']) });
      }
      break;
    case 'google.rpc.RetryInfo': {
      const seconds = Number.parseFloat(text(detail['retryDelay']));
      if (seconds > 0) failure.retryAfterMs = seconds * 1000;
      break;
    }
    default:
  }
}

function parsed(body: unknown): unknown {
  if (Buffer.isBuffer(body) || body instanceof ArrayBuffer) return parsed(Buffer.from(body as ArrayBuffer).toString('utf8'));
  if (Array.isArray(body)) return body[0];
  if (typeof body !== 'string') return body;
  try {
    return parsed(JSON.parse(body) as object);
  } catch {
    // Not JSON: a proxy's page, or Cloud Storage's XML.
    return body;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function records(value: unknown): Array<Record<string, unknown>> {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
