import { describe, expect, it } from 'vitest';
import { addMembers, hasGrant, type Policy, removeMembers } from '../../src/gcp/iam-policy.ts';

const CONDITION = { title: 'until 2027', expression: "request.time < timestamp('2027-01-01T00:00:00Z')" };
const policy: Policy = {
  version: 1,
  etag: 'BwX',
  auditConfigs: [{ service: 'allServices' }],
  bindings: [
    { role: 'roles/owner', members: ['user:me@example.com'] },
    { role: 'roles/run.invoker', members: ['user:a@example.com'], condition: CONDITION },
  ],
};
const frozen = structuredClone(policy);

describe('adding members', () => {
  it('makes a binding where there is none, and keeps everything else with the etag', () => {
    const { policy: next, changed } = addMembers(policy, { role: 'roles/viewer', members: ['user:b@example.com'] });
    expect(changed).toBe(true);
    expect(next).toEqual({
      ...policy,
      version: 3,
      bindings: [...(policy.bindings ?? []), { role: 'roles/viewer', members: ['user:b@example.com'] }],
    });
    expect(policy).toEqual(frozen);
  });

  it('adds to the binding that is there, each member once', () => {
    const members = ['user:b@example.com', 'user:b@example.com', 'user:me@example.com'];
    const { policy: next } = addMembers(policy, { role: 'roles/owner', members });
    expect(next.bindings?.[0]?.members).toEqual(['user:me@example.com', 'user:b@example.com']);
  });

  it('changes nothing where each has the role already', () => {
    const { policy: next, changed } = addMembers(policy, { role: 'roles/owner', members: ['user:me@example.com'] });
    expect([next === policy, changed]).toEqual([true, false]);
  });

  it('never adds a grant without condition to a conditional binding, nor the other way round', () => {
    const plain = addMembers(policy, { role: 'roles/run.invoker', members: ['user:a@example.com'] }).policy;
    expect(plain.bindings?.filter((binding) => binding.role === 'roles/run.invoker')).toEqual([
      policy.bindings?.[1],
      { role: 'roles/run.invoker', members: ['user:a@example.com'] },
    ]);
    const conditional = addMembers(policy, {
      role: 'roles/owner',
      members: ['user:me@example.com'],
      condition: CONDITION,
    }).policy;
    expect(conditional.bindings?.at(-1)).toEqual({ role: 'roles/owner', members: ['user:me@example.com'], condition: CONDITION });
  });

  it('does not take an account that was deleted for the one of the same email', () => {
    const member = 'serviceAccount:s@p.iam.gserviceaccount.com';
    const before: Policy = { bindings: [{ role: 'roles/viewer', members: [`deleted:${member}?uid=1`] }] };
    expect(addMembers(before, { role: 'roles/viewer', members: [member] }).policy.bindings?.[0]?.members).toEqual([
      `deleted:${member}?uid=1`,
      member,
    ]);
  });

  it('starts from a policy without bindings', () => {
    expect(addMembers({ etag: 'ACAB' }, { role: 'roles/viewer', members: ['allUsers'] }).policy).toEqual({
      etag: 'ACAB',
      version: 3,
      bindings: [{ role: 'roles/viewer', members: ['allUsers'] }],
    });
  });
});

describe('removing members', () => {
  it('takes the binding away with its last member', () => {
    const { policy: next, changed } = removeMembers(policy, { role: 'roles/owner', members: ['user:me@example.com'] });
    expect(changed).toBe(true);
    expect(next.bindings).toEqual([policy.bindings?.[1]]);
    expect(policy).toEqual(frozen);
  });

  it('leaves the conditional binding of the same role alone', () => {
    const grant = { role: 'roles/run.invoker', members: ['user:a@example.com'] };
    expect(removeMembers(policy, grant).changed).toBe(false);
    expect(removeMembers(policy, { ...grant, condition: CONDITION }).policy.bindings).toHaveLength(1);
  });

  it('is undone by adding', () => {
    const grant = { role: 'roles/owner', members: ['user:me@example.com'] };
    expect(hasGrant(policy, grant)).toBe(true);
    const without = removeMembers(policy, grant).policy;
    expect(hasGrant(without, grant)).toBe(false);
    expect(hasGrant(addMembers(without, grant).policy, grant)).toBe(true);
  });
});
