import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { ServerRoute } from './server-check.ts';
import { type Environment, runTool } from './tool.ts';

const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 1_000_000;

/**
 * The number of a repository on github.com, which stays with it whatever it is called; undefined where GitHub does not tell it: no network, no
 * such repository, or a private one and nobody signed in. Asked with `GH_TOKEN` or `GITHUB_TOKEN` where set, and then as whom `gh` is
 * signed in. https://docs.github.com/en/rest/repos/repos#get-a-repository
 */
export async function githubNumber(repository: string, env: Environment, route: ServerRoute): Promise<string | undefined> {
  return (await askGithub(repository, env['GH_TOKEN'] || env['GITHUB_TOKEN'], route)) ?? (await askGh(repository, env, route));
}

async function askGithub(repository: string, token: string | undefined, route: ServerRoute): Promise<string | undefined> {
  const { request } = await import('node:https');
  const options: RequestOptions = {
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'mlflow-gcp',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    signal: AbortSignal.any([route.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    ...(await wayTo('api.github.com', route)),
  };
  const answer = await new Promise<{ status: number; body: string } | undefined>((resolve) => {
    const sent = request(`https://api.github.com/repos/${repository}`, options, (response) => {
      read(response).then(resolve, () => resolve(undefined));
    });
    // Whatever keeps GitHub from answering: the name will do.
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
  route.signal.throwIfAborted();
  return answer?.status === 200 ? numberIn(answer.body) : undefined;
}

async function askGh(repository: string, env: Environment, { signal }: ServerRoute): Promise<string | undefined> {
  const args = ['api', `repos/${repository}`, '--jq', '.id'];
  const result = await runTool('gh', args, { env, signal, timeoutSeconds: TIMEOUT_MS / 1000 });
  const number = result.stdout.trim();
  return result.ok && /^\d{1,20}$/.test(number) ? number : undefined;
}

async function wayTo(host: string, { proxyFor, authorities }: ServerRoute): Promise<RequestOptions> {
  const { getCACertificates } = await import('node:tls');
  const ca = authorities.length > 0 ? { ca: [...getCACertificates('default'), ...authorities] } : {};
  const proxy = proxyFor(host);
  if (proxy === undefined) return ca;
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return { ...ca, agent: new HttpsProxyAgent(proxy, ca) };
}

async function read(response: IncomingMessage): Promise<{ status: number; body: string }> {
  let body = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > LONGEST_ANSWER) response.destroy();
  }
  return { status: response.statusCode ?? 0, body };
}

function numberIn(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return Number.isSafeInteger(id) ? String(id) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
