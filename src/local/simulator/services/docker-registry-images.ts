import { existsSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { JsonObject, Sim } from '../service.ts';
import { findRepository } from './artifactregistry-records.ts';
import {
  blobPath,
  findManifest,
  findOrigin,
  findTag,
  type ManifestRecord,
  type OriginRecord,
  saveBlob,
  saveManifest,
  saveOrigin,
  saveTag,
  sha256,
} from './docker-registry-records.ts';

export const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
export const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
export const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG@DIGEST`, taken apart. */
export interface ImageReference {
  host: string;
  /** Behind the host, without tag and digest. */
  path: string;
  tag?: string;
  digest?: string;
}

/** Undefined for what is no reference to an image. Docker Hub's short forms are written out. */
export function parseReference(text: string): ImageReference | undefined {
  const [, name = '', tag, digest] =
    /^([a-z0-9][a-z0-9._:/-]*?[a-z0-9]?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/i.exec(text) ?? [];
  if (name === '') return undefined;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = hasHost ? name.slice(slash + 1) : slash < 0 ? `library/${name}` : name;
  return { host: hasHost ? first : 'index.docker.io', path, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** Where an image of a repository of this simulator's project is kept; undefined for images elsewhere. */
export function localImage(sim: Sim, reference: ImageReference): { repository: string; image: string } | undefined {
  const [, location] = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(reference.host) ?? [];
  const [project, repository, ...rest] = reference.path.split('/');
  if (!location || !repository || rest.length === 0) return undefined;
  if (project !== sim.project.projectId && project !== sim.project.projectNumber) return undefined;
  const key = `${sim.project.projectId}/${location}/${repository}`;
  return { repository: key, image: `${key}/${rest.join('/')}` };
}

/** The image that a reference means now: the digest if it has one, else the tag (`latest`). */
export function resolveImage(
  sim: Sim,
  reference: ImageReference,
): { manifest: ManifestRecord; origin: OriginRecord | undefined } | undefined {
  const local = localImage(sim, reference);
  if (!local) return undefined;
  const digest = reference.digest ?? findTag(sim, local.image, reference.tag ?? 'latest')?.digest;
  const manifest = digest === undefined ? undefined : findManifest(sim, local.image, digest);
  return manifest ? { manifest, origin: findOrigin(sim, manifest.digest) } : undefined;
}

/** A gzipped tar with nothing in it: the one layer of images that have none of their own here. */
export const EMPTY_LAYER: Buffer = gzipSync(Buffer.alloc(1024));

/** Documents of an image with one empty layer. Same arguments, same bytes. */
export function composeImage(config: JsonObject): { config: string; manifest: string; size: number } {
  const diffId = sha256(Buffer.alloc(1024));
  const configText = JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: [diffId] } });
  const layer = { mediaType: LAYER_TYPE, size: EMPTY_LAYER.length, digest: sha256(EMPTY_LAYER) };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, size: Buffer.byteLength(configText), digest: sha256(configText) },
    layers: [layer],
  });
  return { config: configText, manifest, size: Buffer.byteLength(manifest) + Buffer.byteLength(configText) + layer.size };
}

/**
 * Puts a built image into its repository, as `docker push` would after a build.
 * @returns the digest under which the registry has it: that of its manifest, so that whoever checks finds it right
 */
export function pushBuiltImage(sim: Sim, reference: ImageReference, origin: OriginRecord): string | undefined {
  const local = localImage(sim, reference);
  if (!local || !findRepository(sim, local.repository)) return undefined;
  const image = composeImage({
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: { Labels: { 'runtime.digest': origin.runtimeDigest } },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: `built as ${origin.runtimeDigest}` }],
  });
  for (const blob of [Buffer.from(image.config), EMPTY_LAYER]) {
    const digest = sha256(blob);
    if (!existsSync(blobPath(sim, digest))) writeFileSync(blobPath(sim, digest), blob);
    saveBlob(sim, local.repository, digest, blob.length);
  }
  const { digest } = saveManifest(sim, local.image, {
    mediaType: MANIFEST_TYPE,
    text: image.manifest,
    imageSizeBytes: image.size,
    buildId: origin.buildId,
  });
  saveOrigin(sim, digest, origin);
  saveTag(sim, { image: local.image, tag: reference.tag ?? 'latest', digest });
  return digest;
}
