/**
 * A Cloud Run service without what names the run, the caller and skaffold, its image by its digest: what two ways to deploy have to
 * agree on.
 */
export function comparableService(service: unknown): unknown {
  const { metadata, spec } = JSON.parse(JSON.stringify(service));
  const { labels, annotations } = metadata;
  for (const own of [labels, spec.template.metadata.labels]) delete own['run-id'];
  for (const name of ['run.googleapis.com/operation-id', 'serving.knative.dev/creator', 'serving.knative.dev/lastModifier'])
    delete annotations[name];
  for (const container of spec.template.spec.containers) container.image = container.image.replace(/:[^@/]+@/, '@');
  delete spec.template.metadata.name;
  return { labels, annotations, spec };
}
