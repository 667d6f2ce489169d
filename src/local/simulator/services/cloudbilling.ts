import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { listProjects } from './cloudresourcemanager-projects.ts';
import { testPermissions } from './iam-policy.ts';
import { forbidden, invalidField, notFound } from './refusals.ts';

/** The one billing account of the simulator. */
export const BILLING_ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const KIND = 'cloudbilling.projects';

/** Whether the project may use what costs money. It may, until its billing is taken away by `updateBillingInfo`. */
export function billingEnabled(sim: Sim, projectId: string): boolean {
  return billingAccount(sim, projectId) !== '';
}

/** Gives a project a billing account; an empty name takes it away. */
export function setBilling(sim: Sim, projectId: string, billingAccountName: string): void {
  sim.store.put(KIND, projectId, { billingAccountName });
}

/** https://docs.cloud.google.com/billing/docs/reference/rest/v1/projects */
export const cloudbilling: Service = {
  api: 'cloudbilling',
  versions: ['v1'],
  methods: {
    'cloudbilling.projects.getBillingInfo': (call, sim) => info(sim, project(call, sim)),
    'cloudbilling.projects.updateBillingInfo': (call, sim) => {
      const projectId = project(call, sim);
      const wanted = String(call.body['billingAccountName'] ?? '');
      if (wanted !== '' && !/^billingAccounts\/[A-Za-z0-9-]+$/.test(wanted)) {
        throw invalidField(
          'project_billing_info.billing_account_name',
          'Billing account name must be of the form billingAccounts/{billing_account_id}.',
        );
      }
      if (wanted !== '' && wanted !== BILLING_ACCOUNT) throw forbidden('The caller does not have permission');
      setBilling(sim, projectId, wanted);
      return info(sim, projectId);
    },
    'cloudbilling.billingAccounts.list': () => ({ billingAccounts: [account()] }),
    'cloudbilling.billingAccounts.get': (call) => {
      checkAccount(call.params['name']);
      return account();
    },
    'cloudbilling.billingAccounts.testIamPermissions': (call) => {
      checkAccount(call.params['resource']);
      return testPermissions(call.body);
    },
    'cloudbilling.billingAccounts.projects.list': (call, sim) => {
      checkAccount(call.params['name']);
      const linked = listProjects(sim).filter(({ projectId }) => billingEnabled(sim, projectId));
      return linked.length > 0 ? { projectBillingInfo: linked.map(({ projectId }) => info(sim, projectId)) } : {};
    },
  },
};

function project(call: Call, sim: Sim): string {
  return sim.findProject(String(call.params['name']).replace(/^projects\//, '')).projectId;
}

function billingAccount(sim: Sim, projectId: string): string {
  return sim.store.get<{ billingAccountName: string }>(KIND, projectId)?.billingAccountName ?? BILLING_ACCOUNT;
}

function info(sim: Sim, projectId: string): JsonObject {
  const billingAccountName = billingAccount(sim, projectId);
  return { name: `projects/${projectId}/billingInfo`, projectId, billingAccountName, billingEnabled: billingAccountName !== '' };
}

function account(): JsonObject {
  return { name: BILLING_ACCOUNT, open: true, displayName: 'My Billing Account', masterBillingAccount: '', currencyCode: 'USD' };
}

function checkAccount(name: unknown): void {
  if (name !== BILLING_ACCOUNT) throw notFound(`Billing account for name ${String(name)} was not found.`);
}
