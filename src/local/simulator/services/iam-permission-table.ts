/**
 * Which permission a method needs: by API, the methods of one collection a line, `COLLECTION METHOD METHOD>PERMISSION …`. What no `>` follows has
 * the method's own name; `COLLECTION=NAME` gives the collection its name among the permissions; one with dots is a whole permission. A method that
 * is not listed is open to everybody who is signed in. https://docs.cloud.google.com/iam/docs/permissions-reference
 */
const POLICY = 'getIamPolicy setIamPolicy';
const CRUD = 'get insert>create list delete patch>update update';
const TABLES: Record<string, { prefix: string; lines: string[] }> = {
  artifactregistry: {
    prefix: 'artifactregistry',
    lines: [
      `repositories create get list patch>update delete ${POLICY}`,
      'dockerImages list get',
      'packages list get delete',
      'versions list get delete',
      'tags list get create delete',
    ],
  },
  certificatemanager: {
    prefix: 'certificatemanager',
    lines: [
      'certificates=certs create get list patch>update delete',
      'certificateMaps=certmaps create get list patch>update delete',
      'certificateMapEntries=certmapentries create get list patch>update delete',
      'dnsAuthorizations=dnsauthorizations create get list patch>update delete',
    ],
  },
  cloudbilling: {
    prefix: 'billing',
    lines: [
      'projects getBillingInfo>resourcemanager.projects.get updateBillingInfo>resourcemanager.projects.createBillingAssignment',
    ],
  },
  cloudbuild: { prefix: 'cloudbuild', lines: ['builds create get list cancel>update retry>create'] },
  cloudresourcemanager: {
    prefix: 'resourcemanager',
    lines: [`projects get getAncestry>get patch>update update delete undelete ${POLICY}`],
  },
  compute: {
    prefix: 'compute',
    lines: [
      `globalAddresses ${CRUD} setLabels`,
      `regionNetworkEndpointGroups ${CRUD}`,
      `securityPolicies ${CRUD} addRule>update patchRule>update removeRule>update getRule>get setLabels`,
      `backendServices ${CRUD} aggregatedList>list setSecurityPolicy getHealth>get ${POLICY}`,
      `sslCertificates ${CRUD} aggregatedList>list`,
      `sslPolicies ${CRUD} aggregatedList>list`,
      `urlMaps ${CRUD} aggregatedList>list invalidateCache validate`,
      `targetHttpProxies ${CRUD} aggregatedList>list setUrlMap`,
      `targetHttpsProxies ${CRUD} aggregatedList>list setUrlMap setSslCertificates setSslPolicy setCertificateMap setQuicOverride`,
      `globalForwardingRules ${CRUD} setLabels setTarget`,
    ],
  },
  dns: {
    prefix: 'dns',
    lines: [
      `managedZones create get list patch>update update delete ${POLICY}`,
      'resourceRecordSets list get create patch>update delete',
      'changes create get list',
    ],
  },
  domains: {
    prefix: 'domains',
    lines: [
      'registrations register>create get list patch>update delete configureContactSettings>configureContact configureDnsSettings>configureDns configureManagementSettings>configureManagement',
    ],
  },
  iam: {
    prefix: 'iam',
    lines: [
      `serviceAccounts create get list patch>update update delete undelete enable disable ${POLICY}`,
      'keys=serviceAccountKeys create upload>create get list delete enable disable',
      'projects.roles=roles create get list patch>update delete undelete',
      'workloadIdentityPools create get list patch>update delete undelete',
      'providers=workloadIdentityPoolProviders create get list patch>update delete undelete',
    ],
  },
  iamcredentials: {
    prefix: 'iam',
    lines: ['serviceAccounts generateAccessToken>getAccessToken generateIdToken>getOpenIdToken signBlob signJwt'],
  },
  iap: {
    prefix: 'iap',
    lines: ['iap=webServices getIapSettings>getSettings updateIapSettings>updateSettings getIamPolicy setIamPolicy'],
  },
  logging: {
    prefix: 'logging',
    lines: ['entries=logEntries list write>create', 'logs list delete'],
  },
  orgpolicy: {
    prefix: 'orgpolicy',
    lines: ['policies=policy get getEffectivePolicy>get list>orgpolicy.policies.list create>set patch>set delete>set'],
  },
  run: {
    prefix: 'run',
    lines: [
      `services create get list patch>update replaceService>update delete ${POLICY}`,
      'revisions get list delete',
      'configurations get list',
      'routes get list',
      `jobs create get list patch>update replaceJob>update delete run ${POLICY}`,
      'executions get list delete cancel',
    ],
  },
  secretmanager: {
    prefix: 'secretmanager',
    lines: [
      `secrets create get list patch>update delete addVersion>secretmanager.versions.add ${POLICY}`,
      'versions get list access enable disable destroy',
    ],
  },
  serviceusage: {
    prefix: 'serviceusage',
    lines: ['services get batchGet>get list enable batchEnable>enable disable generateServiceIdentity>enable'],
  },
  sqladmin: {
    prefix: 'cloudsql',
    lines: [
      `instances ${CRUD} restart resetSslConfig listServerCas restoreBackup clone`,
      `databases ${CRUD}`,
      `users ${CRUD}`,
      'sslCerts insert>create list get delete createEphemeral',
      'backupRuns insert>create list get delete',
      'Backups=backupRuns CreateBackup>create ListBackups>list GetBackup>get UpdateBackup>update DeleteBackup>delete',
      'backups=backupRuns createBackup>create listBackups>list getBackup>get updateBackup>update deleteBackup>delete',
      'connect get>cloudsql.instances.get generateEphemeral>cloudsql.instances.connect',
    ],
  },
  storage: {
    prefix: 'storage',
    lines: [
      `buckets ${CRUD} ${POLICY}`,
      `objects ${CRUD} compose>create copy>create rewrite>create move>create`,
      'managedFolders get insert>create list delete',
      `bucketAccessControls ${aclVerbs('storage.buckets.getIamPolicy', 'storage.buckets.setIamPolicy')}`,
      `defaultObjectAccessControls ${aclVerbs('storage.buckets.get', 'storage.buckets.update')}`,
      `objectAccessControls ${aclVerbs('storage.objects.getIamPolicy', 'storage.objects.setIamPolicy')}`,
      'notifications get>storage.buckets.get list>storage.buckets.get insert>storage.buckets.update delete>storage.buckets.update',
    ],
  },
};

/** Access control lists have no permissions of their own: https://docs.cloud.google.com/storage/docs/access-control/iam-json */
function aclVerbs(reading: string, writing: string): string {
  const verbs = [
    ...['get', 'list'].map((verb) => [verb, reading]),
    ...['insert', 'patch', 'update', 'delete'].map((verb) => [verb, writing]),
  ];
  return verbs.map((pair) => pair.join('>')).join(' ');
}

/** By API: `COLLECTION.METHOD` to the permission. */
const compiled = new Map<string, Map<string, string>>(
  Object.entries(TABLES).map(([api, { prefix, lines }]) => [api, new Map(lines.flatMap((line) => permissionsOf(line, prefix)))]),
);

function permissionsOf(line: string, prefix: string): Array<[string, string]> {
  const [head = '', ...verbs] = line.split(' ');
  const [collection, name = head.split('.').at(-1)] = head.split('=');
  return verbs.map((verb) => {
    const [method, permission = method] = verb.split('>');
    return [`${collection}.${method}`, permission?.includes('.') ? permission : `${prefix}.${name}.${permission}`];
  });
}

/**
 * The permission that a method needs, or undefined where anybody may call it.
 * @param id the method's discovery id
 */
export function permissionOf(api: string, id: string): string | undefined {
  const words = id.split('.');
  const table = compiled.get(api);
  return table?.get(words.slice(-3).join('.')) ?? table?.get(words.slice(-2).join('.'));
}

/** Every permission that some method needs. */
export function methodPermissions(): string[] {
  return [...compiled.values()].flatMap((table) => [...table.values()]);
}
