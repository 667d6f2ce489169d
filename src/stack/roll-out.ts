import { isConflict } from '../gcp/errors.ts';
import type { Google } from '../gcp/google.ts';
import { secretVersionsOf } from '../gcp/run-revisions.ts';
import { deployKnativeService, getKnativeService, type KnativeService, waitKnativeService } from '../gcp/run-v1.ts';
import type { Deployment } from './deployment.ts';
import { explainingNotReady } from './explain-not-ready.ts';

/** Versions by the secret's id. */
export type Pins = Record<string, string>;

/** Somebody else's change between our read and our write is read again this many times. */
const ATTEMPTS = 3;
/** A template that did not start once is only tried again when something in it differs. */
const RETRY_ANNOTATION = 'mlflow-gcp/tried-again';

/**
 * Deploys what serves now with other versions of its secrets, and nothing else changed, and waits until that serves. Returns false where
 * it does already; the image is not built again, and edits in the project folder are left for the next `deploy`. Safe to run again.
 * Throws RUN_NOT_READY, with the old revision still serving.
 */
export async function rollOut(google: Google, deployment: Deployment, pins: Pins): Promise<boolean> {
  const { project, region } = deployment;
  const args = { project, region, service: deployment.service.name };
  for (let attempt = 1; ; attempt++) {
    const live = await getKnativeService(google, args);
    if (live === undefined) return false;
    const pinned = withPins(live, pins);
    const ready = live.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (!pinned.changed && ready !== 'False') {
      await explainingNotReady(google, deployment, () => waitKnativeService(google, args));
      return false;
    }
    const manifest = pinned.changed ? pinned.manifest : triedAgain(pinned.manifest, google.clock.now());
    try {
      await explainingNotReady(google, deployment, () => deployKnativeService(google, { project, region, manifest }));
      return true;
    } catch (error) {
      // Also a PUT that was sent again because its answer was lost: the next look finds it done.
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The document with the named secrets at these versions, its next revision named by Cloud Run and taking all traffic. */
export function withPins(service: KnativeService, pins: Pins): { manifest: KnativeService; changed: boolean } {
  const manifest = structuredClone(service);
  const { template } = manifest.spec;
  const before = secretVersionsOf(template.spec['containers']);
  for (const container of (template.spec['containers'] ?? []) as Array<{ env?: Array<{ valueFrom?: Reference }> }>) {
    for (const { valueFrom } of container.env ?? []) {
      const reference = valueFrom?.secretKeyRef;
      const version = reference?.name === undefined ? undefined : pins[reference.name];
      if (reference !== undefined && version !== undefined) reference.key = version;
    }
  }
  delete template.metadata?.name;
  manifest.spec.traffic = [{ percent: 100, latestRevision: true }];
  return { manifest, changed: Object.entries(before).some(([name, version]) => (pins[name] ?? version) !== version) };
}

interface Reference {
  secretKeyRef?: { name?: string; key?: string };
}

function triedAgain(manifest: KnativeService, now: number): KnativeService {
  const { template } = manifest.spec;
  const annotations = { ...template.metadata?.annotations, [RETRY_ANNOTATION]: new Date(now).toISOString() };
  const metadata = { ...template.metadata, annotations };
  return { ...manifest, spec: { ...manifest.spec, template: { ...template, metadata } } };
}
