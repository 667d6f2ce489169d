import { PROJECT } from './services/checked-simulator.ts';

type Body = Record<string, unknown>;

/** A kind of resource as the property test uses it: how to make, find, change and delete one, and what it refers to. */
export interface Kind {
  /** Of the one collection that lists it. */
  collection: string;
  /** Names of kinds that one of these cannot be without. */
  refs: string[];
  /** The names in a list's answer. */
  listed(answer: Body): string[];
  url(id: string): string;
  create(id: string, refs: string[]): { url: string; body: Body };
  /** A change that counts only on the version that was read. */
  update?(id: string, read: Body, value: string): { method: string; url: string; body: Body };
  /** Of what a resource shows, the URLs of what it refers to. */
  references?(read: Body): string[];
}

const SECRETS = `https://secretmanager.googleapis.com/v1/projects/${PROJECT}/secrets`;
const BUCKETS = 'https://storage.googleapis.com/storage/v1/b';
const REPOSITORIES = `https://artifactregistry.googleapis.com/v1/projects/${PROJECT}/locations/us-central1/repositories`;
const ACCOUNTS = `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`;
const COMPUTE = `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/global`;

const lastWord = (name: unknown): string => String(name).split('/').at(-1) ?? '';
const names =
  (field: string, of = 'name') =>
  (answer: Body) =>
    ((answer[field] ?? []) as Body[]).map((item) => lastWord(item[of]));
const links =
  (...fields: string[]) =>
  (read: Body) =>
    fields.flatMap((field) => (read[field] ?? []) as string | string[]);

function global(collection: string, body: (id: string, refs: string[]) => Body, rest: Partial<Kind> = {}): Kind {
  return {
    collection: `${COMPUTE}/${collection}`,
    refs: [],
    listed: names('items'),
    url: (id) => `${COMPUTE}/${collection}/${id}`,
    create: (id, refs) => ({ url: `${COMPUTE}/${collection}`, body: { name: id, ...body(id, refs) } }),
    ...rest,
  };
}
const described = (collection: string) => ({
  update: (id: string, read: Body, description: string) => ({
    method: 'PATCH',
    url: `${COMPUTE}/${collection}/${id}`,
    body: { description, fingerprint: read['fingerprint'] },
  }),
});

export const kinds: Record<string, Kind> = {
  secret: {
    collection: SECRETS,
    refs: [],
    listed: names('secrets'),
    url: (id) => `${SECRETS}/${id}`,
    create: (id) => ({ url: `${SECRETS}?secretId=${id}`, body: { replication: { automatic: {} } } }),
    update: (id, read, value) => ({
      method: 'PATCH',
      url: `${SECRETS}/${id}?updateMask=labels`,
      body: { labels: { value }, etag: read['etag'] },
    }),
  },
  bucket: {
    collection: `${BUCKETS}?project=${PROJECT}`,
    refs: [],
    listed: names('items'),
    url: (id) => `${BUCKETS}/${id}`,
    create: (id) => ({ url: `${BUCKETS}?project=${PROJECT}`, body: { name: id } }),
    update: (id, read, value) => ({
      method: 'PATCH',
      url: `${BUCKETS}/${id}?ifMetagenerationMatch=${String(read['metageneration'])}`,
      body: { labels: { value } },
    }),
  },
  repository: {
    collection: REPOSITORIES,
    refs: [],
    listed: names('repositories'),
    url: (id) => `${REPOSITORIES}/${id}`,
    create: (id) => ({ url: `${REPOSITORIES}?repositoryId=${id}`, body: { format: 'DOCKER' } }),
  },
  account: {
    collection: ACCOUNTS,
    refs: [],
    // Without the one that came with Compute Engine.
    listed: (answer) =>
      ((answer['accounts'] ?? []) as Body[])
        .map(({ email }) => String(email).split('@')[0] ?? '')
        .filter((name) => !name.endsWith('-compute')),
    url: (id) => `${ACCOUNTS}/${id}@${PROJECT}.iam.gserviceaccount.com`,
    create: (id) => ({ url: ACCOUNTS, body: { accountId: id } }),
  },
  backend: global(
    'backendServices',
    () => ({ loadBalancingScheme: 'EXTERNAL_MANAGED', protocol: 'HTTPS' }),
    described('backendServices'),
  ),
  urlMap: global('urlMaps', (_id, [backend]) => ({ defaultService: backend }), {
    refs: ['backend'],
    references: links('defaultService'),
    ...described('urlMaps'),
  }),
  certificate: global('sslCertificates', (id) => ({ type: 'MANAGED', managed: { domains: [`${id}.example.com`] } })),
  proxy: global('targetHttpsProxies', (_id, [urlMap, certificate]) => ({ urlMap, sslCertificates: [certificate] }), {
    refs: ['urlMap', 'certificate'],
    references: links('urlMap', 'sslCertificates'),
  }),
  address: global('addresses', () => ({})),
  rule: global('forwardingRules', (_id, [target]) => ({ target, portRange: '443', loadBalancingScheme: 'EXTERNAL_MANAGED' }), {
    refs: ['proxy'],
    references: links('target'),
  }),
  policy: global('securityPolicies', () => ({}), described('securityPolicies')),
};
