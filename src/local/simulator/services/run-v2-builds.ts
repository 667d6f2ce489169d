import type { Handler, JsonObject } from '../service.ts';
import { startBuild } from './cloudbuild.ts';
import { badRequest } from './refusals.ts';
import { placeOf } from './run-v2-place.ts';

/** The step of a build with buildpacks. */
const PACK = 'gcr.io/k8s-skaffold/pack';

/**
 * Builds from source, as `gcloud run deploy --source` asks for them: handed on to Cloud Build.
 * https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.builds/submit
 */
export const buildMethods: Record<string, Handler> = {
  'run.projects.locations.builds.submit': (call, sim) => {
    const place = placeOf(sim, call.params['parent']);
    sim.requireEnabled(place.projectId, 'cloudbuild.googleapis.com');
    const { storageSource, imageUri, buildpackBuild, serviceAccount, tags } = call.body;
    if (!storageSource) throw badRequest('storage_source: must be set');
    if (typeof imageUri !== 'string' || imageUri === '') throw badRequest('image_uri: must be set');
    const step: JsonObject = buildpackBuild
      ? { name: PACK, entrypoint: 'pack', args: ['build', imageUri] }
      : { name: 'gcr.io/cloud-builders/docker', args: ['build', '--network', 'cloudbuild', '--tag', imageUri, '.'] };
    const build: JsonObject = {
      source: { storageSource },
      steps: [step],
      images: [imageUri],
      options: { logging: 'CLOUD_LOGGING_ONLY' },
      ...(serviceAccount ? { serviceAccount } : {}),
      ...(tags ? { tags } : {}),
    };
    return { buildOperation: startBuild(sim, place, build, call.principal) };
  },
};
