import { describe, expect, it } from 'vitest';
import { belongsTo, deploymentLabels, deploymentOf, isLabelValue } from '../../src/gcp/labels.ts';

describe('labels', () => {
  it.each([
    ['mlflow', true],
    ['mlflow-2_x', true],
    ['', true],
    ['Mlflow', false],
    ['ml flow', false],
    ['ml.flow', false],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
  ])('%j as a value: %s', (value, ok) => expect(isLabelValue(value)).toBe(ok));

  it('tell what belongs to which deployment', () => {
    expect(deploymentOf(deploymentLabels('mlflow'))).toBe('mlflow');
    expect(belongsTo(deploymentLabels('mlflow'), 'mlflow')).toBe(true);
    expect(belongsTo(deploymentLabels('mlflow'), 'other')).toBe(false);
    expect(belongsTo({ 'mlflow-gcp-deployment': 'mlflow' }, 'mlflow')).toBe(false);
    expect(deploymentOf(undefined)).toBeUndefined();
    expect(deploymentOf({})).toBeUndefined();
    expect(() => deploymentLabels('Not A Label')).toThrow(RangeError);
  });
});
