import type { Google } from '../gcp/google.ts';
import type { Deployment } from './deployment.ts';

/** What a resource's functions get. */
export interface StackContext {
  google: Google;
  deployment: Deployment;
  credentials: ServerCredentials;
  /** Where the key of the server's account is kept on this machine, and whether a new one is to take its place. */
  key?: { file: string; renew: boolean };
}

/** The user name and password that MLflow's clients will give, where this run decides them; otherwise those in Secret Manager stay. */
export interface ServerCredentials {
  username?: string | undefined;
  password?: string | undefined;
}

/** What stands in Google Cloud next to what the deployment wants. */
export interface Observation {
  /** `adopt`: somebody else's, used as it is apart from the differences; none of those on a later run. */
  action: 'create' | 'update' | 'unchanged' | 'adopt';
  /** One line a difference: `tier: db-f1-micro → db-g1-small`. */
  differences: string[];
  /** What else is worth a line, whether anything differs or not. */
  note?: string;
}

export type Outcome = 'created' | 'updated' | 'unchanged';

/** What `destroy` did or would do with a resource. */
export type Removal = 'deleted' | 'absent' | 'kept';

/** One thing in Google Cloud that can be taken down. */
export interface Removable {
  /** Unique in the stack: `artifact-bucket`. */
  id: string;
  /** Kind and name, for people: `Bucket my-project-mlflow-artifacts`. */
  title: string;
  /** Ids of what must be there first, and goes after it. */
  dependsOn: string[];
  /** Holds the user's data: `destroy` keeps it unless told otherwise. */
  holdsData?: boolean;
  /** Deletes it if it is this deployment's. */
  remove(context: StackContext, progress: (detail: string) => void): Promise<Removal>;
}

/** One thing in Google Cloud that a deployment needs. Its functions may be run again at any time: the cloud is the truth. */
export interface Resource extends Removable {
  /** How long making it usually takes, in seconds. */
  usualSeconds: number;
  /** Reads, and never writes. */
  observe(context: StackContext): Promise<Observation>;
  /** Makes it, or brings it in line. Looks again where that is needed: time may have passed since the plan. */
  ensure(context: StackContext, progress: (detail: string) => void): Promise<Outcome>;
}
