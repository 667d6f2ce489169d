import { GoogleError } from '../service.ts';

/** The bucket is not there. */
export function noBucket(): GoogleError {
  return new GoogleError({ code: 404, message: 'The specified bucket does not exist.', reason: 'notFound' });
}

export function noObject(bucket: string, name: string): GoogleError {
  return new GoogleError({ code: 404, message: `No such object: ${bucket}/${name}`, reason: 'notFound' });
}

/** 400 `invalid`, which Cloud Storage gives for most values that it does not take. */
export function invalid(message: string): GoogleError {
  return new GoogleError({ code: 400, message, reason: 'invalid' });
}

export function required(what: string): GoogleError {
  return new GoogleError({
    code: 400,
    message: `Required parameter: ${what}`,
    reason: 'required',
    location: what,
    locationType: 'parameter',
  });
}

/** 412: `ifGenerationMatch` and its like. */
export function preconditionFailed(): GoogleError {
  return new GoogleError({
    code: 412,
    message: 'At least one of the pre-conditions you specified did not hold.',
    reason: 'conditionNotMet',
    location: 'If-Match',
    locationType: 'header',
  });
}

/** 304: `ifGenerationNotMatch` on a read. It has no body. */
export function notModified(): GoogleError {
  return new GoogleError({ code: 304, message: 'Not Modified', reason: 'notModified' });
}
