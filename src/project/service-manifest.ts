import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { readGivenFile, whyUnreadable } from './given-file.ts';

export const MANIFEST_FILE = 'deploy/production/service.yaml';

/** The part of a Knative Service that we rely on; everything else goes to Cloud Run as it stands. */
const manifestSchema = z.looseObject({
  apiVersion: z.literal('serving.knative.dev/v1'),
  kind: z.literal('Service'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({ spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })).min(1) }) }),
  }),
});
export type ServiceManifest = z.infer<typeof manifestSchema>;

/**
 * Reads the Cloud Run service of the project folder. Throws a {@link UserError} MANIFEST_INVALID that says what is wrong with it,
 * also where it names another service than the deployment's.
 */
export async function readManifest(folder: string, service: string): Promise<ServiceManifest> {
  const file = path.join(folder, MANIFEST_FILE);
  const lines = new LineCounter();
  const document = parseDocument(await readText(file), { lineCounter: lines, prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined) throw invalid(`${file}:${lines.linePos(broken.pos[0]).line}`, broken.message.split('\n')[0] ?? '');
  const checked = manifestSchema.safeParse(document.toJS());
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(file, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { name } = checked.data.metadata;
  if (name !== service) throw invalid(file, `metadata.name is ${name}, and the deployment's service is ${service}`);
  return checked.data;
}

/** The manifest with its first container's image at this digest. */
export function withImage(manifest: ServiceManifest, image: string): ServiceManifest {
  const copy = structuredClone(manifest);
  const [container] = copy.spec.template.spec.containers;
  if (container !== undefined) container.image = image;
  return copy;
}

async function readText(file: string): Promise<string> {
  try {
    return await readGivenFile(file);
  } catch (cause) {
    throw invalid(file, `it cannot be read (${whyUnreadable(cause)})`);
  }
}

function invalid(place: string, what: string): UserError {
  return new UserError({
    code: 'MANIFEST_INVALID',
    message: `${place}: ${what}.`,
    hint: `Correct it, or delete ${MANIFEST_FILE} and run mlflow-gcp deploy again to have it rendered anew.`,
    docs: 'https://docs.cloud.google.com/run/docs/reference/yaml/v1',
  });
}
