import { describe, expect, test } from 'vitest';
import { narrowRoles, roleTable } from '../../src/gcp/narrow-roles.ts';
import { roleHolds } from '../../src/local/simulator/services/iam-role-permissions.ts';
import { predefinedRoles } from '../../src/local/simulator/services/iam-roles.ts';

const roles = (...permissions: string[]) => narrowRoles(permissions).map(({ role }) => role);

describe('the smallest roles', () => {
  test.each([
    [['run.services.get'], ['roles/run.viewer']],
    [['run.services.get', 'run.services.update'], ['roles/run.developer']],
    [['run.services.create', 'run.services.setIamPolicy'], ['roles/run.admin']],
    [['iam.serviceAccounts.create'], ['roles/iam.serviceAccountCreator']],
    [['iam.serviceAccounts.get', 'iam.serviceAccounts.actAs'], ['roles/iam.serviceAccountUser']],
    // No role carries both.
    [
      ['iam.serviceAccounts.create', 'iam.serviceAccounts.actAs'],
      ['roles/iam.serviceAccountCreator', 'roles/iam.serviceAccountUser'],
    ],
    [['secretmanager.versions.access'], ['roles/secretmanager.secretAccessor']],
    [['secretmanager.versions.add', 'secretmanager.versions.disable'], ['roles/secretmanager.secretVersionManager']],
    [['secretmanager.versions.access', 'secretmanager.secrets.create'], ['roles/secretmanager.admin']],
    [['storage.buckets.get'], ['roles/storage.bucketViewer']],
    [['storage.objects.create'], ['roles/storage.objectCreator']],
    [['cloudsql.databases.create'], ['roles/cloudsql.editor']],
    [
      ['resourcemanager.projects.getIamPolicy', 'resourcemanager.projects.setIamPolicy'],
      ['roles/resourcemanager.projectIamAdmin'],
    ],
    [['nothing.of.ours'], []],
    [[], []],
  ])('%j: %j', (permissions, expected) => expect(roles(...permissions)).toEqual(expected));

  test('come with what each of them brings', () => {
    expect(narrowRoles(['run.services.get', 'cloudbuild.builds.create', 'cloudbuild.builds.get'])).toEqual([
      { role: 'roles/run.viewer', permissions: ['run.services.get'] },
      { role: 'roles/cloudbuild.builds.editor', permissions: ['cloudbuild.builds.create', 'cloudbuild.builds.get'] },
    ]);
  });
});

test.each(roleTable())('$role is one of Google’s and carries what the table says', ({ role, permissions }) => {
  expect(predefinedRoles).toContain(role);
  expect(permissions.filter((permission) => !roleHolds(role, permission))).toEqual([]);
});
