import type { RawRequest, RawRoute } from '../service.ts';
import { inRegistryForm, registryError, sendBytes, sendRegistryJson } from './docker-registry-http.ts';
import { composeImage, EMPTY_LAYER, MANIFEST_TYPE } from './docker-registry-images.ts';
import { sha256 } from './docker-registry-records.ts';

const HOST = /^(?:mirror\.gcr\.io|index\.docker\.io|registry-1\.docker\.io)$/;
/** `3.12`, `3.12.1-slim-bookworm`, `slim`: the tags that `library/python` has are of these forms. */
const PYTHON_TAG = /^(?:latest|3(?:\.\d+){0,2}(?:-[a-z0-9.-]+)?|slim(?:-[a-z]+)?|alpine[0-9.]*|bookworm|trixie|bullseye)$/;

/**
 * The Python base images at the registries that have them, to be looked at: builders read a base image's configuration for its
 * ONBUILD lines before they build. They have one empty layer.
 */
export const baseImageRoutes: RawRoute[] = [
  { httpMethod: ['GET', 'HEAD'], host: HOST, path: /^\/v2\/?$/, authenticated: false, handle: inRegistryForm(greet) },
  {
    httpMethod: ['GET', 'HEAD'],
    host: HOST,
    path: /^\/v2\/.+\/(?:manifests|blobs)\/[^/]+$/,
    authenticated: false,
    handle: inRegistryForm(serve),
  },
];

function greet(request: RawRequest): void {
  sendRegistryJson(request, 200, {});
}

function serve(request: RawRequest): void {
  const [, name = '', kind = '', reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.url.pathname) ?? [];
  const digestOrTag = decodeURIComponent(reference);
  if (name !== 'library/python') throw registryError(404, 'NAME_UNKNOWN', `repository name not known to registry: ${name}`);
  const image = pythonImage();
  if (kind === 'manifests') {
    const digest = sha256(image.manifest);
    if (digestOrTag !== digest && !PYTHON_TAG.test(digestOrTag))
      throw registryError(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${digestOrTag}`);
    sendBytes(request, 200, Buffer.from(image.manifest), { 'content-type': MANIFEST_TYPE, 'docker-content-digest': digest });
    return;
  }
  const blob = [Buffer.from(image.config), EMPTY_LAYER].find((candidate) => sha256(candidate) === digestOrTag);
  if (!blob) throw registryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  sendBytes(request, 200, blob, { 'content-type': 'application/octet-stream', 'docker-content-digest': digestOrTag });
}

function pythonImage(): ReturnType<typeof composeImage> {
  return composeImage({
    architecture: 'amd64',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Env: ['PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'], Cmd: ['python3'] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'CMD ["python3"]' }],
  });
}
