import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RawRequest, Service, Sim } from '../service.ts';

/** What a metadata server tells. */
export interface MetadataFacts {
  projectId: string;
  projectNumber: string;
  /** Email of the service account that the container runs as. */
  serviceAccount: string;
  region: string;
  /** An access token of that account. Each call may give the same. */
  token(scopes: string[]): { accessToken: string; expiresInSeconds: number };
  /** An identity token (JWT) of that account for this audience. Without it, `identity` is answered with 404. */
  identity?(audience: string, options: { full: boolean }): string | Promise<string>;
}

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email'];
const FLAVOR = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };
const ROOT = '/computeMetadata/v1/';

/** A node of the tree: text, or a folder of nodes. */
type Tree = string | { [name: string]: Tree };
interface Answer {
  status: number;
  type: string;
  text: string;
}

/**
 * Answers as the metadata server of Cloud Run does, to be mounted at a port of its own (`GCE_METADATA_HOST`).
 * https://docs.cloud.google.com/run/docs/container-contract#metadata-server
 */
export function metadataServer(facts: MetadataFacts): RequestListener {
  return (message, response) => {
    answer(facts, message)
      .then((reply) => send(message, response, reply))
      .catch((error: unknown) => send(message, response, { status: 500, type: 'text/plain', text: String(error) }));
  };
}

/** The same at its own names, for the account that the token stands for or else the project's default one. */
export const metadata: Service = {
  api: 'metadata',
  versions: [],
  methods: {},
  routes: [
    {
      httpMethod: ['GET', 'HEAD', 'POST', 'PUT'],
      host: /^(?:metadata|metadata\.google\.internal|169\.254\.169\.254)$/,
      path: /^\//,
      authenticated: false,
      async handle(request: RawRequest, sim: Sim) {
        send(request.message, request.response, await answer(defaultFacts(sim), request.message));
      },
    },
  ],
};

function defaultFacts(sim: Sim): MetadataFacts {
  const { projectId, projectNumber } = sim.project;
  const serviceAccount = `${projectNumber}-compute@developer.gserviceaccount.com`;
  return {
    projectId,
    projectNumber,
    serviceAccount,
    region: 'us-central1',
    token: (scopes) => ({
      accessToken: sim.tokens.issue(serviceAccount, scopes.length > 0 ? { scopes } : {}),
      expiresInSeconds: 3599,
    }),
  };
}

function send(message: IncomingMessage, response: ServerResponse, { status, type, text }: Answer): void {
  response.writeHead(status, { ...FLAVOR, 'content-type': type, 'content-length': String(Buffer.byteLength(text)) });
  response.end(message.method === 'HEAD' ? undefined : text);
}

async function answer(facts: MetadataFacts, message: IncomingMessage): Promise<Answer> {
  const url = new URL((message.url ?? '/').replace(/^https?:\/\/[^/]+/, ''), 'http://metadata.google.internal');
  if (url.pathname === '/') return plain('computeMetadata/\n');
  if (!url.pathname.startsWith('/computeMetadata')) return notFound();
  if (message.method !== 'GET' && message.method !== 'HEAD')
    return { status: 405, type: 'text/plain', text: 'Method Not Allowed' };
  if (message.headers['x-forwarded-for'] !== undefined) return forbidden('Metadata requests must not be forwarded.');
  if (message.headers['metadata-flavor'] !== 'Google') return forbidden('Missing Metadata-Flavor:Google header.');
  if (!url.pathname.startsWith(ROOT)) return url.pathname === '/computeMetadata/' ? plain('v1/\n') : notFound();
  const path = url.pathname.slice(ROOT.length);
  const [, account, what] = /^instance\/service-accounts\/([^/]+)\/(token|identity)$/.exec(path) ?? [];
  if (account !== undefined) {
    if (account !== 'default' && account !== facts.serviceAccount) return notFound();
    return what === 'token' ? giveToken(facts, url) : giveIdentity(facts, url);
  }
  return browse(facts, path, url.searchParams);
}

function giveToken(facts: MetadataFacts, url: URL): Answer {
  const scopes = url.searchParams
    .getAll('scopes')
    .flatMap((value) => value.split(','))
    .filter((scope) => scope !== '');
  const { accessToken, expiresInSeconds } = facts.token(scopes);
  return json({ access_token: accessToken, expires_in: expiresInSeconds, token_type: 'Bearer' });
}

async function giveIdentity(facts: MetadataFacts, url: URL): Promise<Answer> {
  const audience = url.searchParams.get('audience');
  if (!audience) return { status: 400, type: 'text/plain', text: 'non-empty audience parameter required' };
  if (!facts.identity) return notFound();
  return plain(await facts.identity(audience, { full: url.searchParams.get('format') === 'full' }));
}

function treeOf({ projectId, projectNumber, serviceAccount, region }: MetadataFacts): Tree {
  const account = { aliases: 'default\n', email: serviceAccount, identity: '', scopes: `${SCOPES.join('\n')}\n`, token: '' };
  return {
    instance: {
      id: `00${Buffer.from(`${projectId} ${serviceAccount}`).toString('hex').slice(0, 60)}`,
      region: `projects/${projectNumber}/regions/${region}`,
      'service-accounts': { default: account, [serviceAccount]: account },
      zone: `projects/${projectNumber}/zones/${region}-1`,
    },
    project: { attributes: {}, 'numeric-project-id': projectNumber, 'project-id': projectId },
    universe: { 'universe-domain': 'googleapis.com' },
  };
}

function browse(facts: MetadataFacts, path: string, query: URLSearchParams): Answer {
  let node: Tree | undefined = treeOf(facts);
  for (const step of path.split('/').filter((part) => part !== '')) {
    node = typeof node === 'object' && Object.hasOwn(node, step) ? node[step] : undefined;
  }
  if (node === undefined) return notFound();
  if (query.get('recursive')?.toLowerCase() === 'true') return json(recursive(node));
  if (typeof node === 'string') return query.get('alt') === 'json' ? json(node.trimEnd()) : plain(node);
  const lines = Object.entries(node).map(([name, child]) => `${name}${typeof child === 'string' ? '' : '/'}\n`);
  return plain(lines.join(''));
}

/** The tree as JSON: names in camel case, accounts with their lists, without what is made on demand. */
function recursive(node: Tree): unknown {
  if (typeof node === 'string') return node;
  if (typeof node['email'] === 'string') return { aliases: ['default'], email: node['email'], scopes: SCOPES };
  return Object.fromEntries(
    Object.entries(node).map(([name, child]) => [
      name.includes('@') ? name : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      recursive(child),
    ]),
  );
}

function plain(text: string): Answer {
  return { status: 200, type: 'application/text', text };
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json', text: JSON.stringify(value) };
}

function notFound(): Answer {
  return {
    status: 404,
    type: 'text/html; charset=UTF-8',
    text: '<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>404. That’s an error.\n',
  };
}

function forbidden(reason: string): Answer {
  return {
    status: 403,
    type: 'text/html; charset=UTF-8',
    text: `<!DOCTYPE html><title>Error 403 (Forbidden)!!1</title><p>${reason}\n`,
  };
}
