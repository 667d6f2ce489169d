import { GoogleError } from '../service.ts';

/** The refusals of the Compute Engine API: each has a reason, none a google.rpc status. https://docs.cloud.google.com/compute/docs/troubleshooting/api-errors */
export function invalidValue(field: string, value: unknown, why: string): GoogleError {
  const shown = value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return refusal(400, 'invalid', `Invalid value for field '${field}': '${shown}'. ${why}`);
}

export function required(field: string): GoogleError {
  return refusal(400, 'required', `Required field '${field}' not specified`);
}

/** @param path `projects/P/global/addresses/A` */
export function notFound(path: string): GoogleError {
  return refusal(404, 'notFound', `The resource '${path}' was not found`);
}

export function alreadyExists(path: string): GoogleError {
  return refusal(409, 'alreadyExists', `The resource '${path}' already exists`);
}

/** Something else is being done with it, or it is not made yet. */
export function notReady(path: string): GoogleError {
  return refusal(400, 'resourceNotReady', `The resource '${path}' is not ready`);
}

/** @param noun what the API calls it: `backend_service` */
export function inUse(noun: string, path: string, user: string): GoogleError {
  const message = `The ${noun} resource '${path}' is already being used by '${user}'`;
  return refusal(400, 'resourceInUseByAnotherResource', message);
}

export function staleFingerprint(): GoogleError {
  return conditionNotMet('Invalid fingerprint.');
}

export function staleLabelFingerprint(): GoogleError {
  return conditionNotMet('Labels fingerprint either invalid or resource labels have changed');
}

/** Ends an operation: the request itself was taken. */
export function quotaExceeded(metric: string, limit: number): GoogleError {
  const message = `Quota '${metric}' exceeded.  Limit: ${limit.toFixed(1)} globally.`;
  return refusal(403, 'quotaExceeded', message);
}

function conditionNotMet(message: string): GoogleError {
  return new GoogleError({ code: 412, message, reason: 'conditionNotMet', locationType: 'header', location: 'If-Match' });
}

function refusal(code: number, reason: string, message: string): GoogleError {
  return new GoogleError({ code, message, reason });
}
