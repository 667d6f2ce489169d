import { failureOf } from './errors.ts';
import type { Google } from './google.ts';

/** One rule of a policy that is in force. */
export interface PolicyRule {
  /** Of constraints that are on or off. */
  enforce: boolean;
  allowAll: boolean;
  denyAll: boolean;
  /** Of constraints with lists: `us-central1`, `in:eu-locations`, `is:run.googleapis.com`. */
  allowed: string[];
  denied: string[];
  /** Of managed constraints that are more than on or off. */
  parameters: Record<string, unknown>;
}

/** What holds in a project for one constraint, whoever set it. */
export interface EffectivePolicy {
  /** Without `constraints/`: `gcp.resourceLocations`. */
  constraint: string;
  rules: PolicyRule[];
}

/** It is only a look. */
const LOOK_TIMEOUT_MS = 5_000;

interface WirePolicy {
  spec?: {
    rules?: Array<{
      enforce?: boolean;
      allowAll?: boolean;
      denyAll?: boolean;
      values?: { allowedValues?: string[]; deniedValues?: string[] };
      parameters?: Record<string, unknown>;
      condition?: unknown;
    }>;
  };
}

/**
 * The policy of the organisation that holds in the project; undefined where that cannot be told: the service is off, the caller may not
 * look, nobody answers, or there is no such constraint. Rules for tagged resources alone are left out. `project` is an id or a number.
 * https://docs.cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies/getEffectivePolicy
 */
export async function effectivePolicy(
  google: Google,
  { project, constraint }: { project: string; constraint: string },
): Promise<EffectivePolicy | undefined> {
  try {
    const url = `https://orgpolicy.googleapis.com/v2/projects/${project}/policies/${constraint}:getEffectivePolicy`;
    const { data } = await google.request<WirePolicy>({ method: 'GET', url, timeoutMs: LOOK_TIMEOUT_MS });
    const rules = (data.spec?.rules ?? []).filter(({ condition }) => condition === undefined);
    return {
      constraint,
      rules: rules.map(({ enforce, allowAll, denyAll, values, parameters }) => ({
        enforce: enforce === true,
        allowAll: allowAll === true,
        denyAll: denyAll === true,
        allowed: values?.allowedValues ?? [],
        denied: values?.deniedValues ?? [],
        parameters: parameters ?? {},
      })),
    };
  } catch (error) {
    const failure = failureOf(error);
    // A network that lets nobody through to this one service says nothing of the others.
    if (failure === undefined || google.signal.aborted) throw error;
    google.log(`the policy ${constraint} cannot be looked up: ${failure.reasons[0] ?? failure.rpcStatus}`);
    return undefined;
  }
}
