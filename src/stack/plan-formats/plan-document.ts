import type { Deployment } from '../deployment.ts';
import type { Plan } from '../plan.ts';

/** All that a written plan is made from. It holds no password, so no form of it can. */
export interface PlanDocument {
  plan: Plan;
  deployment: Deployment;
  /** The user name for MLflow's clients, where this run decides it. */
  username?: string | undefined;
  /** Where the key of the server's account is kept, where it has one. */
  keyFile?: string | undefined;
}
