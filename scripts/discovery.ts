// Makes src/local/simulator/discovery/*.json: what the simulator knows of Google's APIs, without the prose.
//
//   node scripts/discovery.ts
//
// The documents come out of the PyPI package google-api-python-client, which carries all of them. What they do not say is the number
// of each enum value, which clients send and expect under `$alt=json;enum-encoding=int`: that comes from Google's own Node.js libraries.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ApiTable, MethodTable, ParameterType, TypeTable } from '../src/local/simulator/discovery-table.ts';
import type { RawDocument, RawMethod, RawResource, RawType } from './discovery-document.ts';

const CLIENT = 'google-api-python-client==2.202.0';

interface Source {
  document: string;
  /** Only the methods whose id begins so; left out: all. */
  only?: string[];
  /** Query parameters of all its lists that the document leaves out. */
  listParameters?: MethodTable['parameters'];
  /** The npm package whose protos number the enums. Without one, a value's number is its place. */
  protos?: string;
}
const SOURCES: Source[] = [
  { document: 'artifactregistry.v1', protos: '@google-cloud/artifact-registry@4.7.1' },
  // gcloud asks it for the locations of a list, and for nothing else.
  {
    document: 'artifactregistry.v1beta2',
    only: ['artifactregistry.projects.locations.list'],
    protos: '@google-cloud/artifact-registry@4.7.1',
  },
  { document: 'certificatemanager.v1', protos: '@google-cloud/certificate-manager@2.1.3' },
  { document: 'cloudbilling.v1', protos: '@google-cloud/billing@5.1.2' },
  { document: 'cloudbuild.v1', protos: '@google-cloud/cloudbuild@5.6.0' },
  { document: 'cloudresourcemanager.v1', protos: '@google-cloud/resource-manager@6.3.0' },
  { document: 'cloudresourcemanager.v3', protos: '@google-cloud/resource-manager@6.3.0' },
  {
    document: 'compute.v1',
    // gcloud sends it with every list.
    listParameters: { returnPartialSuccess: { in: 'query', type: 'boolean' } },
    only: [
      'addresses.aggregatedList',
      'backendServices',
      'forwardingRules.aggregatedList',
      'globalAddresses',
      'globalForwardingRules',
      'globalOperations',
      'networkEndpointGroups.aggregatedList',
      'projects.get',
      'regionNetworkEndpointGroups',
      'regionOperations',
      'regions',
      'securityPolicies',
      'sslCertificates',
      'sslPolicies',
      'targetHttpProxies',
      'targetHttpsProxies',
      'urlMaps',
    ].map((name) => `compute.${name}`),
  },
  { document: 'dns.v1' },
  // The records of the first version, for gcloud's beta commands.
  { document: 'dns.v1beta2' },
  { document: 'domains.v1', protos: '@google-cloud/domains@3.2.0' },
  { document: 'iam.v1', only: ['iam.permissions', 'iam.projects', 'iam.roles'] },
  { document: 'iamcredentials.v1' },
  { document: 'iap.v1' },
  { document: 'logging.v2', only: ['logging.entries', 'logging.projects'] },
  { document: 'oauth2.v2' },
  { document: 'orgpolicy.v2', protos: '@google-cloud/org-policy@3.0.1' },
  { document: 'run.v1', protos: '@google-cloud/run@3.3.0' },
  { document: 'run.v2', protos: '@google-cloud/run@3.3.0' },
  { document: 'secretmanager.v1', protos: '@google-cloud/secret-manager@6.3.0' },
  { document: 'serviceusage.v1', protos: '@google-cloud/service-usage@4.2.2' },
  { document: 'serviceusage.v1beta1', protos: '@google-cloud/service-usage@4.2.2' },
  { document: 'sqladmin.v1' },
  { document: 'sqladmin.v1beta4' },
  { document: 'storage.v1' },
  { document: 'sts.v1' },
];

/** Every enum of a package: value name → number. */
type Enums = Array<Record<string, number>>;

const sorted = <T>(record: Record<string, T>): Array<[string, T]> => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

function methodsOf(resource: RawResource): RawMethod[] {
  return [...Object.values(resource.methods ?? {}), ...Object.values(resource.resources ?? {}).flatMap(methodsOf)];
}

/** The numbers of these values where they are not simply their places: those of the one enum that has all the names. */
function numbersOf(values: string[], enums: Enums): number[] | undefined {
  const known = enums.find((candidate) => values.every((value) => value in candidate));
  const numbers = values.map((value, place) => known?.[value] ?? place);
  return numbers.some((number, place) => number !== place) ? numbers : undefined;
}

function typeTable(raw: RawType, enums: Enums): TypeTable {
  const numbers = raw.enum ? numbersOf(raw.enum, enums) : undefined;
  // The older documents say it in the description alone.
  const readOnly = raw.readOnly === true || /^\[?output[ -]only/i.test(raw.description ?? '');
  return {
    ...(raw.$ref ? { ref: raw.$ref } : {}),
    ...(raw.type && raw.type !== 'object' && raw.type !== 'array' ? { type: raw.type as NonNullable<TypeTable['type']> } : {}),
    ...(raw.format ? { format: raw.format } : {}),
    ...(raw.enum ? { enum: raw.enum } : {}),
    ...(numbers ? { numbers } : {}),
    ...(raw.items ? { items: typeTable(raw.items, enums) } : {}),
    ...(raw.additionalProperties ? { map: typeTable(raw.additionalProperties, enums) } : {}),
    ...(raw.properties || (raw.type === 'object' && !raw.additionalProperties) ? { properties: propertiesOf(raw, enums) } : {}),
    ...(readOnly ? { readOnly: true as const } : {}),
  };
}

function propertiesOf(raw: RawType, enums: Enums): Record<string, TypeTable> {
  return Object.fromEntries(sorted(raw.properties ?? {}).map(([name, property]) => [name, typeTable(property, enums)]));
}

function methodTable(raw: RawMethod, { listParameters }: Source): MethodTable {
  const isList = /\.(list|aggregatedList)$/.test(raw.id);
  const parameters = sorted(raw.parameters ?? {}).map(([name, parameter]) => [
    name,
    {
      in: parameter.location,
      type: (parameter.type ?? 'string') as ParameterType,
      ...(parameter.format ? { format: parameter.format } : {}),
      ...(parameter.pattern ? { pattern: parameter.pattern } : {}),
      ...(parameter.enum ? { enum: parameter.enum } : {}),
      ...(parameter.required ? { required: true as const } : {}),
      ...(parameter.repeated ? { repeated: true as const } : {}),
      ...(parameter.default === undefined ? {} : { default: parameter.default }),
    },
  ]);
  return {
    httpMethod: raw.httpMethod,
    path: raw.path,
    parameters: { ...Object.fromEntries(parameters), ...(isList ? listParameters : {}) },
    ...(raw.request ? { request: raw.request.$ref } : {}),
    ...(raw.response ? { response: raw.response.$ref } : {}),
  };
}

/** The names of the schemas that these need, themselves included. */
function reachable(document: RawDocument, names: string[]): string[] {
  const seen = new Set<string>();
  const visit = (type: RawType | undefined): void => {
    if (!type) return;
    if (type.$ref && !seen.has(type.$ref)) {
      seen.add(type.$ref);
      visit(document.schemas[type.$ref]);
    }
    visit(type.items);
    visit(type.additionalProperties);
    for (const property of Object.values(type.properties ?? {})) visit(property);
  };
  for (const name of names) visit({ $ref: name });
  return [...seen].sort();
}

function apiTable(document: RawDocument, source: Source, enums: Enums): ApiTable {
  const methods = methodsOf(document).filter(
    ({ id }) => !source.only || source.only.some((start) => id === start || id.startsWith(`${start}.`)),
  );
  const names = reachable(
    document,
    methods.flatMap(({ request, response }) => [request, response].flatMap((type) => type?.$ref ?? [])),
  );
  return {
    api: document.name,
    version: document.version,
    title: document.title,
    servicePath: document.servicePath,
    systemParameters: Object.keys(document.parameters).sort(),
    methods: Object.fromEntries(
      methods.map((method) => [method.id, methodTable(method, source)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    schemas: Object.fromEntries(names.map((name) => [name, typeTable(document.schemas[name]!, enums)])),
  };
}

function enumsOf(protos: unknown): Enums {
  if (typeof protos !== 'object' || protos === null) return [];
  const { values, nested, fields } = protos as {
    values?: Record<string, number>;
    nested?: Record<string, unknown>;
    fields?: unknown;
  };
  const own = values && !fields ? [values] : [];
  return [...own, ...Object.values(nested ?? {}).flatMap(enumsOf)];
}

/** Downloads the package with npm and reads the numbers out of its protos. */
function fetchEnums(name: string, folder: string): Enums {
  const into = mkdtempSync(join(folder, 'protos-'));
  const archive = execFileSync('npm', ['pack', '--silent', '--pack-destination', into, name], { encoding: 'utf8' }).trim();
  execFileSync('tar', ['xzf', join(into, archive), '-C', into]);
  const found = readdirSync(into, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('protos/protos.json'));
  if (!found) throw new Error(`${name} carries no protos.json`);
  return enumsOf(JSON.parse(readFileSync(join(into, found), 'utf8')));
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'discovery-'));
  const target = join(import.meta.dirname, '../src/local/simulator/discovery');
  try {
    execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, CLIENT], { stdio: 'inherit' });
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    execFileSync('python3', ['-m', 'zipfile', '-e', join(folder, wheel!), join(folder, 'client')]);
    const packages = [...new Set(SOURCES.flatMap(({ protos }) => protos ?? []))];
    const enums = new Map(packages.map((name) => [name, fetchEnums(name, folder)]));
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    let bytes = 0;
    for (const source of SOURCES) {
      const file = join(folder, 'client/googleapiclient/discovery_cache/documents', `${source.document}.json`);
      const table = apiTable(JSON.parse(readFileSync(file, 'utf8')), source, source.protos ? enums.get(source.protos)! : []);
      const text = `${JSON.stringify(table)}\n`;
      writeFileSync(join(target, `${source.document}.json`), text);
      bytes += gzipSync(text).length;
      console.log(
        `${source.document}: ${Object.keys(table.methods).length} methods, ${text.length} bytes, ${gzipSync(text).length} gzipped`,
      );
    }
    console.log(`in all ${bytes} bytes gzipped`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
