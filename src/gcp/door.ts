import type { AuthClient, gaxios } from 'google-auth-library';
import { AccessError } from '../errors.ts';
import { type Credentials, credentialsOf } from './credential-kind.ts';
import { errorFor, ownError } from './errors.ts';
import type { GoogleFailure } from './failure.ts';
import { isTransient } from './retry.ts';
import { tokenRefusal } from './token-refusal.ts';
import { FAILURE, type OwnOptions } from './transport.ts';

/** All that this program asks for; what the caller may do is up to IAM. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

export interface DoorOptions {
  /** Sets the rules of the transport into the HTTP client that the libraries will use. */
  install(client: gaxios.Gaxios): void;
  /** A token to use as it is. */
  accessToken: string | undefined;
  quotaProject: string | undefined;
}

/**
 * What Google's client libraries take for an authentication client. It signs requests with the credentials of the target, sends them
 * through the one transport, and throws our errors in place of each library's own.
 */
export class Door {
  /** Some libraries compare it with the domain that they are made for. */
  readonly universeDomain = 'googleapis.com';
  readonly #options: DoorOptions;
  #client: Promise<AuthClient> | undefined;
  /** Where we, and not the credentials, say that requests are charged to. */
  #charged: string | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#charged = options.quotaProject;
  }

  isOurCharge(project: string): boolean {
    return project === this.#charged;
  }

  /** Sends one request; the answer's headers are a `Headers`. */
  async request<T = unknown>(options: gaxios.GaxiosOptions & OwnOptions): Promise<gaxios.GaxiosResponse<T>> {
    const client = await this.#authClient();
    try {
      return await client.request<T>(options);
    } catch (error) {
      throw this.#told(error, options.url);
    }
  }

  /**
   * The form that gax calls. It asks for a stream and reads it by itself; all that we call with it are single answers, so the body is
   * read here, where an answer that breaks off or stops half-way is asked for again.
   */
  async fetch(url: string | URL, init: gaxios.GaxiosOptions & OwnOptions = {}): Promise<gaxios.GaxiosResponse> {
    // gax would take refusals apart by itself, each kind in its own way.
    const { validateStatus: _, ...rest } = init;
    const answer = await this.request<ArrayBuffer>({ ...rest, url: url.toString(), responseType: 'arraybuffer' });
    return Object.assign(answer, { arrayBuffer: async () => answer.data });
  }

  async getRequestHeaders(url?: string | URL): Promise<Headers> {
    const client = await this.#authClient();
    try {
      return await client.getRequestHeaders(url);
    } catch (error) {
      throw this.#told(error);
    }
  }

  async accessToken(): Promise<string> {
    const headers = await this.getRequestHeaders();
    return (headers.get('authorization') ?? '').replace(/^Bearer /, '');
  }

  /** What the credentials are. Throws NOT_SIGNED_IN where there are none. */
  async credentials(): Promise<Credentials> {
    if (this.#options.accessToken !== undefined) return { kind: 'token', account: undefined };
    return credentialsOf(await this.#authClient());
  }

  /** From now on a person's requests are charged to this project, unless their credentials name one of their own. */
  async chargeTo(project: string): Promise<void> {
    if (this.#options.accessToken !== undefined) return;
    const { UserRefreshClient } = (await import('google-auth-library')).default;
    const client = await this.#authClient();
    const isOurs = (charged: string | undefined) => charged === undefined || charged === this.#charged;
    if (!(client instanceof UserRefreshClient) || !isOurs(client.quotaProjectId)) return;
    client.quotaProjectId = project;
    this.#charged = project;
  }

  #authClient(): Promise<AuthClient> {
    this.#client ??= findCredentials(this.#options);
    return this.#client;
  }

  #told(error: unknown, asked?: string | URL): unknown {
    const own = ownError(error);
    if (own !== undefined) return own;
    if (error instanceof TypeError || error instanceof RangeError) return error;
    const failure = (error as { response?: { [FAILURE]?: GoogleFailure } }).response?.[FAILURE];
    // Without an answer it is the authentication library that stumbled: the transport's own errors are ours.
    if (failure === undefined) return notSignedIn(error);
    const told = errorFor(failure, { tokenGiven: this.#options.accessToken !== undefined });
    // What a token endpoint answers says nothing about the resource that was asked for: its 404 is not that of the resource.
    const isAboutToken = asked === undefined || new URL(asked).host !== new URL(failure.url).host;
    if (!isAboutToken || told.code === 'SIGN_IN_EXPIRED' || isTransient(told)) return told;
    return tokenRefusal(told) ?? notSignedIn(told);
  }
}

/**
 * The token of the environment, else Application Default Credentials.
 * https://docs.cloud.google.com/docs/authentication/application-default-credentials
 */
async function findCredentials(options: DoorOptions): Promise<AuthClient> {
  const { GoogleAuth, OAuth2Client, UserRefreshClient } = (await import('google-auth-library')).default;
  // The HTTP client comes from the library itself, so that there is one copy of it.
  const { transporter } = new OAuth2Client();
  options.install(transporter);
  if (options.accessToken !== undefined) {
    const client = new OAuth2Client({ transporter });
    client.setCredentials({ access_token: options.accessToken });
    return client;
  }
  // The library would look for a project of its own, which nobody needs: it starts gcloud for it, or exchanges a token by another way.
  const auth = new GoogleAuth({ scopes: SCOPES, projectId: 'not-looked-up', clientOptions: { transporter } });
  try {
    const client = (await auth.getClient()) as AuthClient;
    for (const further of httpClientsOf(client)) if (further !== transporter) options.install(further);
    // A person's requests are charged to a project of gcloud's own unless one is named; a service account's to its own project.
    // https://docs.cloud.google.com/docs/quotas/quota-project
    if (options.quotaProject !== undefined && client instanceof UserRefreshClient) client.quotaProjectId ??= options.quotaProject;
    return client;
  } catch (error) {
    throw ownError(error) ?? notSignedIn(error);
  }
}

/** Some kinds of credentials make HTTP clients of their own, and for the credentials that they are exchanged from. */
function httpClientsOf(client: AuthClient): Set<gaxios.Gaxios> {
  const { sourceClient, stsCredential } = client as {
    sourceClient?: AuthClient;
    stsCredential?: Pick<AuthClient, 'transporter'>;
  };
  const nested = sourceClient === undefined ? [] : [...httpClientsOf(sourceClient)];
  return new Set([client.transporter, ...(stsCredential === undefined ? [] : [stsCredential.transporter]), ...nested]);
}

/** The library tells by words alone what is wrong: no credentials, a file that is not there, or one that is none. Its words are handed on. */
function notSignedIn(cause: unknown): AccessError {
  return new AccessError({
    code: 'NOT_SIGNED_IN',
    message: `No credentials for Google Cloud could be used: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'gcloud auth application-default login',
    docs: 'https://docs.cloud.google.com/docs/authentication/provide-credentials-adc',
    cause,
  });
}
