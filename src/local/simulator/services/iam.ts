import type { Service } from '../service.ts';
import { roleMethods } from './iam-custom-roles.ts';
import { authorize, authorizePath, heldPermissions } from './iam-enforcement.ts';
import { keyMethods } from './iam-keys.ts';
import { SIGNING_KEYS } from './iam-keys-store.ts';
import { describeSelfSigned } from './iam-self-signed.ts';
import { serviceAccountMethods } from './iam-service-accounts.ts';
import { permissionMethods } from './iam-testable-permissions.ts';
import { federationMethods, federationOperations } from './iam-workload-identity.ts';

/** https://docs.cloud.google.com/iam/docs/reference/rest */
export const iam: Service = {
  api: 'iam',
  versions: ['v1'],
  methods: { ...serviceAccountMethods, ...keyMethods, ...roleMethods, ...permissionMethods, ...federationMethods },
  operations: federationOperations,
  authorize,
  authorizePath,
  heldPermissions,
  describeToken: describeSelfSigned,
  redact: (kind, value) => (kind === SIGNING_KEYS ? undefined : value),
};
