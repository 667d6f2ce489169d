import { GoogleError, type JsonObject } from '../service.ts';

/** The refusals that every API has, with Google's status names. Each is thrown by the caller. */
export function badRequest(message: string, details?: JsonObject[]): GoogleError {
  return refusal(400, 'INVALID_ARGUMENT', message, 'badRequest', details);
}

export function failedPrecondition(message: string, details?: JsonObject[]): GoogleError {
  return refusal(400, 'FAILED_PRECONDITION', message, 'failedPrecondition', details);
}

export function forbidden(message: string, details?: JsonObject[]): GoogleError {
  return refusal(403, 'PERMISSION_DENIED', message, 'forbidden', details);
}

export function notFound(message: string, details?: JsonObject[]): GoogleError {
  return refusal(404, 'NOT_FOUND', message, 'notFound', details);
}

export function alreadyExists(message: string, details?: JsonObject[]): GoogleError {
  return refusal(409, 'ALREADY_EXISTS', message, 'alreadyExists', details);
}

export function aborted(message: string): GoogleError {
  return refusal(409, 'ABORTED', message, 'aborted');
}

/** What is wrong with the fields of a request, as the newer APIs say it: message, and a `BadRequest` with each field. */
export function invalidField(field: string, description: string): GoogleError {
  return badRequest(description, [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ]);
}

/** A `google.rpc.ErrorInfo` detail. https://docs.cloud.google.com/apis/design/errors#error_info */
export function errorInfo(reason: string, domain: string, metadata: Record<string, string>): JsonObject {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain, metadata };
}

function refusal(code: number, status: string, message: string, reason: string, details?: JsonObject[]): GoogleError {
  return new GoogleError({ code, status, message, reason, ...(details ? { details } : {}) });
}
