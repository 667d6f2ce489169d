import { GoogleError, type RawRequest, type Sim } from '../service.ts';
import { withRefusals } from './storage-http.ts';

export interface XmlRefusal {
  code: string;
  message: string;
  details?: string;
}

const CODES: Record<number, string> = {
  400: 'InvalidArgument',
  401: 'AuthenticationRequired',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  411: 'MissingContentLength',
  412: 'PreconditionFailed',
};

/** Refusals in the form of the XML API. */
export function inXmlForm(work: (request: RawRequest, sim: Sim) => Promise<void>) {
  return withRefusals(work, (request, { code, message, reason }) => {
    refuse(request, code, { code: reason && /^[A-Z]/.test(reason) ? reason : (CODES[code] ?? 'InternalError'), message });
  });
}

export function refuse(
  request: RawRequest,
  status: number,
  { code, message, details }: XmlRefusal,
  headers: Record<string, string> = {},
): void {
  const more = details === undefined ? '' : `<Details>${escapeXml(details)}</Details>`;
  const text = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message>${more}</Error>`;
  const body = status === 304 || request.message.method === 'HEAD' ? '' : text;
  request.response.writeHead(status, {
    server: 'UploadServer',
    'content-type': 'application/xml; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  });
  request.response.end(body);
}

/** @param name https://docs.cloud.google.com/storage/docs/xml-api/reference-status */
export function xmlError(code: number, name: string, message: string): GoogleError {
  return new GoogleError({ code, reason: name, message });
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (sign) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[sign] as string);
}

export function sendXml(request: RawRequest, status: number, text: string): void {
  const body = `<?xml version='1.0' encoding='UTF-8'?>${text}`;
  request.commit();
  request.response.writeHead(status, {
    server: 'UploadServer',
    'content-type': 'application/xml; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
  });
  request.response.end(body);
}
