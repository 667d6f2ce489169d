/** Labels are how a deployment's resources are found again: there is no state file. */
export const DEPLOYMENT_LABEL = 'mlflow-gcp-deployment';
export const MANAGED_BY_LABEL = 'managed-by';
export const MANAGED_BY_VALUE = 'mlflow-gcp';

/** The strictest rule among the services that we label: lower case, digits, `_` and `-`, at most 63 characters. */
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;

export type Labels = Record<string, string>;

/**
 * Whether Google takes this text as the value of a label.
 * https://docs.cloud.google.com/resource-manager/docs/labels-overview#requirements
 */
export function isLabelValue(value: string): boolean {
  return LABEL_VALUE.test(value);
}

/** The labels that every resource of the deployment carries. `deployment` must be a label value; anything else is a RangeError. */
export function deploymentLabels(deployment: string): Labels {
  if (!isLabelValue(deployment))
    throw new RangeError(`${JSON.stringify(deployment)} cannot be the value of a Google Cloud label`);
  return { [MANAGED_BY_LABEL]: MANAGED_BY_VALUE, [DEPLOYMENT_LABEL]: deployment };
}

/** The deployment that a resource belongs to, or undefined where it is none of ours. */
export function deploymentOf(labels: Labels | null | undefined): string | undefined {
  return labels?.[MANAGED_BY_LABEL] === MANAGED_BY_VALUE ? labels[DEPLOYMENT_LABEL] : undefined;
}

/** Whether a resource with these labels was made for this deployment. */
export function belongsTo(labels: Labels | null | undefined, deployment: string): boolean {
  return deploymentOf(labels) === deployment;
}
