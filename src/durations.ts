/**
 * How long Google usually takes, in seconds, from the ranges that Google's documentation and users report. The one table that
 * both the simulator and the program's expectations of a wait rest on: what is shown as "usually N minutes" comes from here.
 */
export const USUAL_SECONDS = {
  'projects.create': 15,
  'services.enable': 30,
  'serviceAccounts.visible': 20,
  'iam.propagation': 60,
  'sql.instances.insert': 480,
  'sql.instances.update': 60,
  'sql.instances.delete': 60,
  'sql.databases': 5,
  'sql.users': 5,
  'sql.sslCerts': 10,
  'sql.backup': 120,
  'sql.restore': 300,
  'artifactregistry.repositories': 5,
  'cloudbuild.build': 120,
  'run.services': 15,
  'run.delete': 5,
  'run.jobs': 5,
  'run.executions': 30,
  'dns.changes': 10,
  'compute.resources': 10,
  'compute.securityPolicies': 15,
  'compute.forwardingRules': 20,
  'compute.certificates': 1200,
  'iam.workloadIdentityPools': 5,
  'domains.register': 300,
  'domains.configure': 30,
  'domains.verifyEmail': 86_400,
  'certificatemanager.resources': 10,
  'certificatemanager.provision': 600,
  none: 0,
} as const;
export type DurationName = keyof typeof USUAL_SECONDS;
