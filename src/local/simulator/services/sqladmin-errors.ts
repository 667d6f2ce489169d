import { GoogleError } from '../service.ts';

/** The refusals of the Cloud SQL Admin API: they have a reason, and most have no google.rpc status. */
export function invalidRequest(message: string): GoogleError {
  return new GoogleError({ code: 400, message: `Invalid request: ${message}`, reason: 'invalid' });
}

export function instanceDoesNotExist(): GoogleError {
  return new GoogleError({ code: 404, message: 'The Cloud SQL instance does not exist.', reason: 'instanceDoesNotExist' });
}

/** Also for a name that was in use within the last week. */
export function instanceAlreadyExists(): GoogleError {
  return new GoogleError({
    code: 409,
    message:
      "The Cloud SQL instance already exists. When you delete an instance, you can't reuse the name of the deleted instance until one week from the deletion date.",
    reason: 'instanceAlreadyExists',
  });
}

export function operationInProgress(): GoogleError {
  return new GoogleError({
    code: 409,
    message:
      'Operation failed because another operation was already in progress. Try your request after the current operation is complete.',
    reason: 'operationInProgress',
  });
}

/** What the state or the size of an instance forbids. */
export function invalidOperation(): GoogleError {
  return new GoogleError({ code: 400, message: "This operation isn't valid for this instance.", reason: 'invalidOperation' });
}

export function staleData(): GoogleError {
  return new GoogleError({ code: 412, message: 'Condition does not match.', reason: 'staleData' });
}

/** Databases, users, backups and operations that are not there. */
export function notFound(message = 'Not Found'): GoogleError {
  return new GoogleError({ code: 404, status: 'NOT_FOUND', message, reason: 'notFound' });
}

/** What Cloud SQL has and the simulator has not. */
export function notSimulated(what: string): GoogleError {
  return new GoogleError({ code: 501, status: 'UNIMPLEMENTED', message: `${what} not simulated.`, reason: 'notImplemented' });
}
