import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, Sim } from '../service.ts';

/** An image in a repository, by its digest. */
export interface ManifestRecord {
  /** `PROJECT/LOCATION/REPOSITORY/IMAGE`; the image may have slashes. */
  image: string;
  digest: string;
  mediaType: string;
  /** The document, byte for byte. */
  text: string;
  /** Bytes of manifest, config and layers together. */
  imageSizeBytes: number;
  /** As the API shows times. */
  uploadTime: string;
  updateTime: string;
  /** The build that made it. */
  buildId?: string;
}
export interface TagRecord {
  image: string;
  tag: string;
  digest: string;
}
/** What stands behind a digest: which image of the runtime it is, wherever its manifest is pushed to. */
export interface OriginRecord {
  runtimeDigest: `sha256:${string}`;
  buildId: string;
}
export interface BlobRecord {
  size: number;
}

const MANIFESTS = 'registry.manifests';
const TAGS = 'registry.tags';
const BLOBS = 'registry.blobs';
const ORIGINS = 'registry.origins';

export function sha256(data: string | Buffer): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** Where a blob's bytes are: by its digest, whichever repositories have it. */
export function blobPath(sim: Sim, digest: string): string {
  return join(sim.store.folder('registry-blobs'), digest.replace(/^sha256:/, '').replace(/[^0-9a-f]/g, ''));
}

export function findBlob(sim: Sim, repository: string, digest: string): BlobRecord | undefined {
  return sim.store.get<BlobRecord>(BLOBS, `${repository}@${digest}`);
}

export function saveBlob(sim: Sim, repository: string, digest: string, size: number): void {
  sim.store.put(BLOBS, `${repository}@${digest}`, { size });
}

export function findTag(sim: Sim, image: string, tag: string): TagRecord | undefined {
  return sim.store.get<TagRecord>(TAGS, `${image}:${tag}`);
}

export function saveTag(sim: Sim, tag: TagRecord): void {
  sim.store.put(TAGS, `${tag.image}:${tag.tag}`, tag);
}

export function removeTag(sim: Sim, tag: TagRecord): void {
  sim.store.delete(TAGS, `${tag.image}:${tag.tag}`);
}

/** All of an image, or of all images whose name starts so. */
export function listTags(sim: Sim, prefix: string): TagRecord[] {
  return sim.store.list<TagRecord>(TAGS, prefix).map(({ value }) => value);
}

export function findManifest(sim: Sim, image: string, digest: string): ManifestRecord | undefined {
  return sim.store.get<ManifestRecord>(MANIFESTS, `${image}@${digest}`);
}

export function listManifests(sim: Sim, prefix: string): ManifestRecord[] {
  return sim.store.list<ManifestRecord>(MANIFESTS, prefix).map(({ value }) => value);
}

export function removeManifest(sim: Sim, manifest: ManifestRecord): void {
  sim.store.delete(MANIFESTS, `${manifest.image}@${manifest.digest}`);
  for (const tag of listTags(sim, `${manifest.image}:`)) if (tag.digest === manifest.digest) removeTag(sim, tag);
}

/** Keeps a manifest; the time of the first upload stays. */
export function saveManifest(
  sim: Sim,
  image: string,
  manifest: Pick<ManifestRecord, 'mediaType' | 'text' | 'imageSizeBytes' | 'buildId'>,
): ManifestRecord {
  const digest = sha256(manifest.text);
  const time = sim.timestamp();
  const before = findManifest(sim, image, digest);
  const record: ManifestRecord = { ...manifest, image, digest, uploadTime: before?.uploadTime ?? time, updateTime: time };
  sim.store.put(MANIFESTS, `${image}@${digest}`, record);
  return record;
}

export function findOrigin(sim: Sim, digest: string): OriginRecord | undefined {
  return sim.store.get<OriginRecord>(ORIGINS, digest);
}

export function saveOrigin(sim: Sim, digest: string, origin: OriginRecord): void {
  sim.store.put(ORIGINS, digest, origin);
}

/** Bytes of all images of a repository (`PROJECT/LOCATION/REPOSITORY`). */
export function repositorySize(sim: Sim, repository: string): number {
  return listManifests(sim, `${repository}/`).reduce((sum, { imageSizeBytes }) => sum + imageSizeBytes, 0);
}

/** Forgets the images whose name starts so; blobs are kept, as others may name them. */
export function forgetImages(sim: Sim, prefix: string): void {
  for (const manifest of listManifests(sim, prefix)) removeManifest(sim, manifest);
  for (const tag of listTags(sim, prefix)) removeTag(sim, tag);
}

/** Forgets the blobs of a repository that is gone; the bytes of those that no other one has go with it. */
export function forgetBlobs(sim: Sim, repository: string): void {
  for (const { key } of sim.store.list(BLOBS, `${repository}@`)) {
    const digest = key.slice(repository.length + 1);
    sim.store.delete(BLOBS, key);
    if (!sim.store.list(BLOBS).some((other) => other.key.endsWith(`@${digest}`))) rmSync(blobPath(sim, digest), { force: true });
  }
}

/** A manifest's own text as JSON; empty where it is none. */
export function parseManifest(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
