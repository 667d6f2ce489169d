/**
 * By service, the predefined roles that this program asks for, the narrowest first, with those of their permissions that it needs.
 * https://docs.cloud.google.com/iam/docs/roles-permissions
 */
const ROLES: Record<string, Record<string, string>> = {
  artifactregistry: {
    'artifactregistry.reader': 'repositories.get repositories.downloadArtifacts',
    'artifactregistry.writer': 'repositories.get repositories.downloadArtifacts repositories.uploadArtifacts',
    'artifactregistry.admin':
      'repositories.get repositories.downloadArtifacts repositories.uploadArtifacts repositories.create repositories.update repositories.delete repositories.getIamPolicy repositories.setIamPolicy',
  },
  cloudbuild: {
    'cloudbuild.builds.viewer': 'builds.get builds.list',
    'cloudbuild.builds.editor': 'builds.get builds.list builds.create builds.update',
  },
  cloudsql: {
    'cloudsql.viewer': 'instances.get instances.list databases.get users.list sslCerts.get sslCerts.list',
    'cloudsql.editor':
      'instances.get instances.list instances.update databases.get databases.create users.list sslCerts.get sslCerts.list',
    'cloudsql.admin':
      'instances.get instances.list instances.create instances.update instances.delete databases.get databases.create databases.delete users.list users.create users.update users.delete sslCerts.get sslCerts.list sslCerts.create sslCerts.delete',
  },
  iam: {
    'iam.serviceAccountCreator': 'serviceAccounts.get serviceAccounts.create',
    'iam.serviceAccountDeleter': 'serviceAccounts.get serviceAccounts.delete',
    'iam.serviceAccountUser': 'serviceAccounts.get serviceAccounts.actAs',
    'iam.serviceAccountViewer': 'serviceAccounts.get serviceAccounts.getIamPolicy',
    'iam.serviceAccountKeyAdmin':
      'serviceAccountKeys.create serviceAccountKeys.delete serviceAccountKeys.get serviceAccountKeys.list',
    'iam.workloadIdentityPoolAdmin':
      'workloadIdentityPools.get workloadIdentityPools.list workloadIdentityPools.create workloadIdentityPools.update workloadIdentityPools.delete workloadIdentityPools.undelete workloadIdentityPoolProviders.get workloadIdentityPoolProviders.list workloadIdentityPoolProviders.create workloadIdentityPoolProviders.update workloadIdentityPoolProviders.delete workloadIdentityPoolProviders.undelete',
    'iam.serviceAccountAdmin':
      'serviceAccounts.get serviceAccounts.create serviceAccounts.delete serviceAccounts.getIamPolicy serviceAccounts.setIamPolicy',
  },
  resourcemanager: {
    browser: 'projects.get projects.getIamPolicy',
    'resourcemanager.projectIamAdmin': 'projects.get projects.getIamPolicy projects.setIamPolicy',
  },
  run: {
    'run.viewer': 'services.get revisions.get revisions.list',
    'run.developer': 'services.get services.create services.update services.delete revisions.get revisions.list',
    'run.admin':
      'services.get services.create services.update services.delete services.getIamPolicy services.setIamPolicy revisions.get revisions.list',
  },
  secretmanager: {
    'secretmanager.secretAccessor': 'versions.access',
    'secretmanager.secretVersionAdder': 'versions.add',
    'secretmanager.viewer': 'secrets.get secrets.getIamPolicy versions.get versions.list',
    'secretmanager.secretVersionManager': 'versions.add versions.get versions.list versions.enable versions.disable',
    'secretmanager.admin':
      'secrets.get secrets.create secrets.update secrets.delete secrets.getIamPolicy secrets.setIamPolicy versions.access versions.add versions.get versions.list versions.enable versions.disable',
  },
  serviceusage: {
    'serviceusage.serviceUsageViewer': 'services.get',
    'serviceusage.serviceUsageAdmin': 'services.get services.enable',
  },
  storage: {
    'storage.bucketViewer': 'buckets.get buckets.list',
    'storage.objectViewer': 'objects.get objects.list',
    'storage.objectCreator': 'objects.create',
    'storage.objectUser': 'objects.get objects.list objects.create objects.delete',
    'storage.admin':
      'buckets.get buckets.list buckets.create buckets.update buckets.delete buckets.getIamPolicy buckets.setIamPolicy objects.get objects.list objects.create objects.delete',
  },
};

/** A role to ask for, and which of the permissions it brings. */
export interface NarrowRole {
  /** `roles/run.viewer` */
  role: string;
  permissions: string[];
}

/**
 * The smallest set of predefined roles that carries all of the permissions: for each the narrowest role, and of those only the ones that
 * another does not make needless. Permissions that no role here carries are left out.
 */
export function narrowRoles(permissions: string[]): NarrowRole[] {
  const chosen = [...new Set(permissions.map(narrowestFor).filter((role) => role !== undefined))];
  const carried = new Map(chosen.map((role) => [role, permissions.filter((permission) => carries(role, permission))]));
  // The widest last role stays where two bring the same.
  for (const [role, brings] of carried) {
    const others = [...carried].filter(([other]) => other !== role).flatMap(([, permissions]) => permissions);
    if (brings.every((permission) => others.includes(permission))) carried.delete(role);
  }
  return [...carried].map(([role, brings]) => ({ role, permissions: brings }));
}

function narrowestFor(permission: string): string | undefined {
  const [service = ''] = permission.split('.');
  const name = Object.keys(ROLES[service] ?? {}).find((role) => carries(`roles/${role}`, permission));
  return name === undefined ? undefined : `roles/${name}`;
}

function carries(role: string, permission: string): boolean {
  const [, service = '', rest = ''] = /^([^.]+)\.(.+)$/.exec(permission) ?? [];
  return ROLES[service]?.[role.replace(/^roles\//, '')]?.split(' ').includes(rest) === true;
}

/** Every role of the table with what it is taken to carry, for whoever wants to hold it against Google's own list. */
export function roleTable(): NarrowRole[] {
  return Object.entries(ROLES).flatMap(([service, roles]) =>
    Object.entries(roles).map(([role, brings]) => ({
      role: `roles/${role}`,
      permissions: brings.split(' ').map((permission) => `${service}.${permission}`),
    })),
  );
}
