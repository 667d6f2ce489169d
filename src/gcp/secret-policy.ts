import { answerOf, ONCE } from './gax.ts';
import type { Google } from './google.ts';
import type { Binding, Policy, PolicyResource } from './iam-policy.ts';
import { type SecretArgs, secretName } from './secrets.ts';

/** Who may read the secret. */
export function secretPolicy(google: Google, args: SecretArgs): PolicyResource {
  const resource = secretName(args);
  return {
    key: resource,
    async read() {
      const client = await google.apis.secretmanager();
      return toPolicy(await answerOf(client.getIamPolicy({ resource, options: { requestedPolicyVersion: 3 } }, ONCE)));
    },
    async write(policy) {
      const client = await google.apis.secretmanager();
      return toPolicy(await answerOf(client.setIamPolicy({ resource, policy: toWire(policy) as never }, ONCE)));
    },
  };
}

interface WirePolicy {
  version?: number | null;
  bindings?: unknown;
  etag?: unknown;
}

/** gax holds an etag as the bytes whose base64 is the text that the JSON forms of policies carry. */
function toPolicy(wire: WirePolicy): Policy {
  const { etag, ...rest } = wire;
  const bindings = ((wire.bindings ?? []) as Array<Binding & { condition?: Binding['condition'] | null }>).map(
    ({ role, members, condition }) => ({
      role,
      members,
      ...(condition && { condition }),
    }),
  );
  return { ...(rest as Policy), bindings, etag: Buffer.from((etag ?? '') as Uint8Array).toString('base64') };
}

function toWire(policy: Policy): Record<string, unknown> {
  return { ...policy, etag: Buffer.from(policy.etag ?? '', 'base64') };
}
