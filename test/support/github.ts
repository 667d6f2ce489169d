import { createSign, generateKeyPairSync } from 'node:crypto';
import type { Service } from '../../src/local/simulator/service.ts';

/** What the stand-in says in its next tokens. */
export interface Workflow {
  repository: string;
  repositoryId: string;
  ref: string;
}

/**
 * GitHub, as far as a workflow and this program ask it: it tells the numbers of repositories, and gives a running workflow tokens, signed with keys
 * of its own. https://docs.github.com/en/actions/reference/security/oidc
 */
export interface Github {
  service: Service;
  /** What a provider is given in place of the keys that Google would fetch from the issuer. */
  jwks: string;
  /** The workflow that runs now. */
  workflow: Workflow;
  /** The public repositories, by OWNER/NAME. */
  repositories: Record<string, number>;
}

export const REQUEST_TOKEN = 'the-token-of-this-run';
const ISSUER = 'https://token.actions.githubusercontent.com';

export function standInGithub(): Github {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const github: Github = {
    jwks: JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'github-1', alg: 'RS256', use: 'sig' }] }),
    workflow: { repository: 'octo-org/wine', repositoryId: '4711', ref: 'refs/heads/main' },
    repositories: { 'octo-org/wine': 4711 },
    service: {
      api: 'github',
      versions: [],
      methods: {},
      routes: [
        {
          httpMethod: 'GET',
          host: /^api\.github\.com$/,
          path: /^\/repos\/(?<repository>[^/]+\/[^/]+)$/,
          authenticated: false,
          handle({ response, groups }) {
            const id = github.repositories[groups['repository'] ?? ''];
            response.writeHead(id === undefined ? 404 : 200, { 'content-type': 'application/json' });
            response.end(JSON.stringify(id === undefined ? { message: 'Not Found' } : { id, full_name: groups['repository'] }));
          },
        },
        {
          httpMethod: 'GET',
          host: /^pipelines\.actions\.githubusercontent\.com$/,
          path: /^\/id-token$/,
          authenticated: false,
          handle({ message, response, url }) {
            const known = message.headers.authorization === `Bearer ${REQUEST_TOKEN}`;
            response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
            response.end(JSON.stringify(known ? { value: sign(url.searchParams.get('audience') ?? '') } : {}));
          },
        },
      ],
    },
  };
  function sign(audience: string): string {
    const { repository, repositoryId, ref } = github.workflow;
    const [owner] = repository.split('/');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: audience,
      sub: `repo:${repository}:ref:${ref}`,
      repository,
      repository_id: repositoryId,
      repository_owner: owner,
      ref,
      iat: now,
      nbf: now - 60,
      exp: now + 300,
    };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const text = `${encode({ alg: 'RS256', kid: 'github-1', typ: 'JWT' })}.${encode(claims)}`;
    return `${text}.${createSign('sha256').update(text).sign(keys.privateKey, 'base64url')}`;
  }
  return github;
}

/** The credentials file that google-github-actions/auth writes for the steps after it. */
export function credentialsFileOf({
  workload_identity_provider: provider,
  service_account: email,
}: Record<string, string>): object {
  const audience = encodeURIComponent(`https://iam.googleapis.com/${provider}`);
  return {
    type: 'external_account',
    audience: `//iam.googleapis.com/${provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    universe_domain: 'googleapis.com',
    service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
    credential_source: {
      url: `https://pipelines.actions.githubusercontent.com/id-token?api-version=2.0&audience=${audience}`,
      headers: { Authorization: `Bearer ${REQUEST_TOKEN}` },
      format: { type: 'json', subject_token_field_name: 'value' },
    },
  };
}
