import type { Google } from './google.ts';

export interface BillingInfo {
  billingEnabled: boolean;
  /** `billingAccounts/XXXXXX-XXXXXX-XXXXXX`; undefined where none is linked. */
  billingAccountName: string | undefined;
}

/**
 * Whether the project can spend money: without it Google refuses to enable most services.
 * https://docs.cloud.google.com/billing/docs/reference/rest/v1/projects/getBillingInfo
 */
export async function getBillingInfo(google: Google, args: { project: string }): Promise<BillingInfo> {
  const api = await google.apis.cloudbilling();
  const { data } = await api.projects.getBillingInfo({ name: `projects/${args.project}` });
  return { billingEnabled: data.billingEnabled === true, billingAccountName: data.billingAccountName || undefined };
}
