import { describe, expect, test } from 'vitest';
import { gcloudScript } from '../../../src/stack/plan-formats/gcloud.ts';
import { terraformConfiguration } from '../../../src/stack/plan-formats/terraform.ts';
import { planDocument } from './documents.ts';
import { parseHcl } from './parse-hcl.ts';

const ACCESS = {
  credentials: { kind: 'key', impersonators: ['user:ada@example.com', 'group:ml@example.com'] },
  ci: { github: { repository: 'octo-org/wine', repositoryId: '4711', branch: 'main' } },
};
const document = { ...planDocument(ACCESS), keyFile: '/home/ada/my keys/mlflow.json' };
const CONDITION = "assertion.repository_id == '4711' && assertion.ref == 'refs/heads/main'";
const DELETED = { action: 'create' as const, differences: ['bring back'] };

describe('who gets the rights of the accounts', () => {
  test('is part of the gcloud script', () => {
    const script = gcloudScript(document).replaceAll(/ \\\n +/g, ' ');
    expect(script).toContain('gcloud iam workload-identity-pools create github-mlflow --project=my-project-1 --location=global');
    expect(script).toMatch(/providers create-oidc github .*--attribute-condition='assertion\.repository_id == /);
    expect(script).toMatch(
      /add-iam-policy-binding mlflow-deploy@.*--member=principalSet:.*attribute\.repository_id\/4711 --role=roles\/iam\.workloadIdentityUser/,
    );
    expect(script).toMatch(
      /add-iam-policy-binding mlflow-server@.*--member=user:ada@example\.com --role=roles\/iam\.serviceAccountTokenCreator/,
    );
    expect(script).toMatch(
      /umask 077\n {2}mkdir -p '\/home\/ada\/my keys'\n {2}retry gcloud iam service-accounts keys create '\/home\/ada\/my keys\/mlflow\.json'/,
    );
    expect(script).toContain('sts.googleapis.com');
  });

  test('is part of the Terraform configuration, apart from a key', async () => {
    const text = terraformConfiguration(document);
    const { resource } = (await parseHcl(text)) as { resource: Record<string, Record<string, Array<Record<string, unknown>>>> };
    expect(resource['google_iam_workload_identity_pool_provider']?.['github']?.[0]).toMatchObject({
      attribute_condition: CONDITION,
      attribute_mapping: { 'google.subject': 'assertion.sub', 'attribute.repository_id': 'assertion.repository_id' },
      oidc: [{ issuer_uri: 'https://token.actions.githubusercontent.com' }],
    });
    expect(Object.keys(resource['google_service_account'] ?? {})).toEqual(['build', 'deploy', 'server']);
    const members = Object.values(resource['google_service_account_iam_member'] ?? {}).map(([block]) => block?.['role']);
    expect(members.toSorted()).toEqual([
      'roles/iam.serviceAccountTokenCreator',
      'roles/iam.serviceAccountTokenCreator',
      'roles/iam.serviceAccountUser',
      'roles/iam.serviceAccountUser',
      'roles/iam.workloadIdentityUser',
    ]);
    expect(text).not.toContain('google_service_account_key');
  });

  test('what was deleted is brought back', async () => {
    const observed = { 'identity-pool': DELETED, 'identity-provider': DELETED };
    const again = planDocument(ACCESS, observed);
    expect(gcloudScript(again)).toMatch(/workload-identity-pools undelete github-mlflow/);
    expect(gcloudScript(again).replaceAll(/ \\\n +/g, ' ')).toMatch(
      /providers undelete github .*\n.*providers update-oidc github .*--no-disabled/,
    );
    const { import: imports } = (await parseHcl(terraformConfiguration(again))) as { import: unknown[] };
    expect(imports).toHaveLength(2);
  });
});
