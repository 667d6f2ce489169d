import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RawRequest, RawRoute, Service, Sim } from '../service.ts';
import { isGranted } from './iam-grants.ts';
import { type ServiceRecord, serviceName, serviceOfHost, serviceResource } from './run-records.ts';

/** Where a request comes from, for the ingress rule. */
export type Origin = 'internet' | 'load-balancer';

const routes: RawRoute[] = [
  {
    httpMethod: '*',
    host: /^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.run\.app$/,
    path: /^\//,
    authenticated: false,
    handle: (request, sim) => {
      const service = serviceOfHost(sim, request.host)?.service;
      if (!service) return sendPage(request.response, notFoundPage(request.url.pathname));
      serveRequest(sim, service, request, 'internet');
    },
    upgrade: (request, socket, head, sim) => {
      const service = serviceOfHost(sim, request.host)?.service;
      const page = service ? refusalOf(sim, service, request, 'internet') : notFoundPage(request.url.pathname);
      if (page || !service || !sim.runtime) return refuseUpgrade(socket, page?.status ?? 503);
      sim.runtime.run.upgrade(serviceName(service), request.message, socket, head);
    },
  },
];

/** The addresses of Cloud Run's services. */
export const runUrls: Service = { api: 'run-urls', versions: [], methods: {}, routes };

/**
 * Answers a request for a service's own address, as Google's front end does: the ingress rule, who may call it, and then the revision
 * that serves. The runtime adds the front end's headers and keeps its limits.
 */
export function serveRequest(sim: Sim, service: ServiceRecord, request: RawRequest, origin: Origin): void {
  const page = refusalOf(sim, service, request, origin);
  if (page) {
    sendPage(request.response, page);
    return;
  }
  if (!sim.runtime || !service.latestReady) {
    sendPage(request.response, errorPage(503, 'Service Unavailable', 'The service you requested is not available yet.'));
    return;
  }
  sim.runtime.run.forward(serviceName(service), request.message, request.response);
}

function refusalOf(sim: Sim, service: ServiceRecord, request: RawRequest, origin: Origin): Page | undefined {
  const { ingress, defaultUriDisabled } = service.spec;
  const outside = origin === 'internet';
  if (outside && (ingress !== 'INGRESS_TRAFFIC_ALL' || defaultUriDisabled === true)) return notFoundPage(request.url.pathname);
  if (!mayInvoke(sim, service, request)) {
    return !isSigned(request)
      ? errorPage(
          403,
          'Forbidden',
          `Your client does not have permission to get URL <code>${escapeHtml(request.url.pathname)}</code> from this server.`,
        )
      : errorPage(
          401,
          'Unauthorized',
          `Your client does not have permission to the requested URL <code>${escapeHtml(request.url.pathname)}</code>.`,
        );
  }
  return undefined;
}

/** https://docs.cloud.google.com/run/docs/authenticating/overview */
function mayInvoke(sim: Sim, service: ServiceRecord, request: RawRequest): boolean {
  if (service.spec['invokerIamDisabled'] === true) return true;
  const resource = serviceResource(service);
  if (isGranted(sim, undefined, 'run.routes.invoke', resource, service.projectId)) return true;
  if (!isSigned(request)) return false;
  const { principal } = request;
  const member = `${principal.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${principal}`;
  return isGranted(sim, member, 'run.routes.invoke', resource, service.projectId);
}

/** Only a bearer token says who calls: other credentials are meant for the container. */
function isSigned({ message }: RawRequest): boolean {
  return /^bearer\s/i.test(message.headers.authorization ?? '');
}

interface Page {
  status: number;
  html: string;
}

function errorPage(status: number, title: string, text: string): Page {
  const html = `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>${status} ${title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: ${title}</h1>
<h2>${text}</h2>
<h2></h2>
</body></html>
`;
  return { status, html };
}

function notFoundPage(path: string): Page {
  return errorPage(404, 'Page not found', `The requested URL <code>${escapeHtml(path)}</code> was not found on this server.`);
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function sendPage(response: ServerResponse, { status, html }: Page): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8', 'content-length': String(Buffer.byteLength(html)) });
  response.end(html);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
