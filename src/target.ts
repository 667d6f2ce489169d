/**
 * Where Google Cloud is. `cloud` is the real thing, `local` the simulator on this machine. Code above the network
 * gets one of these and never asks which it is: both are reached by proxy settings, authorities and a credential.
 */
export interface Target {
  kind: 'cloud' | 'local';
  /** The proxy for https, or undefined to connect directly. Honours NO_PROXY when made from the environment. */
  proxyFor(host: string): URL | undefined;
  /** Further certificate authorities as PEM texts, beside those that Node trusts. */
  authorities: string[];
  /** An access token to use as it is (`CLOUDSDK_AUTH_ACCESS_TOKEN`, or the simulator's); undefined: Application Default Credentials. */
  accessToken: string | undefined;
  /** The project where none is named by flag, environment or file; only the local target has one. */
  defaultProject: string | undefined;
  /** Where a browser or a Python client on this machine reaches a service of which Google knows `url`; the same on the cloud. */
  reachableUrl(url: string): Promise<string>;
  /**
   * Where a database client on this machine reaches a Cloud SQL instance (`PROJECT:REGION:NAME`) directly; undefined where the instance's
   * own address is the only one.
   */
  reachableDatabase(connectionName: string): Promise<{ host: string; port: number } | undefined>;
  /** Environment for child processes that talk to this target (skaffold, gcloud, Python): proxies and authorities. */
  childEnvironment(): Record<string, string>;
}
