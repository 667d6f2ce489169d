import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { notFound, type RepositoryRecord, repositoryKey, repositoryName, repositoryOf } from './artifactregistry-records.ts';
import {
  findManifest,
  findTag,
  forgetImages,
  listManifests,
  listTags,
  type ManifestRecord,
  removeManifest,
  removeTag,
  saveTag,
  type TagRecord,
} from './docker-registry-records.ts';
import { page } from './paging.ts';
import { alreadyExists, badRequest, failedPrecondition } from './refusals.ts';

const PREFIX = 'artifactregistry.projects.locations.repositories';

type StartDelete = (call: Call, sim: Sim, data: JsonObject) => JsonObject;

/**
 * Docker images and, what is the same seen otherwise, packages with versions and tags.
 * @param startDelete answers with the operation of a deletion
 */
export function imageMethods(startDelete: StartDelete): Record<string, Handler> {
  return {
    [`${PREFIX}.dockerImages.list`]: (call, sim) => {
      const { repository } = repositoryOf(sim, call.params['parent']);
      return pageOf(call, 'dockerImages', manifestsOf(sim, repository), (manifest) => showImage(sim, repository, manifest));
    },
    [`${PREFIX}.dockerImages.get`]: (call, sim) => {
      const { repository, rest } = repositoryOf(sim, call.params['name']);
      const [, name = '', digest = ''] = /^dockerImages\/(.+?)@(.+)$/.exec(rest) ?? [];
      return showImage(sim, repository, manifestOf(sim, imageKey(repository, name), digest));
    },
    [`${PREFIX}.packages.list`]: (call, sim) => {
      const { repository } = repositoryOf(sim, call.params['parent']);
      const names = [...new Set(manifestsOf(sim, repository).map(({ image }) => image))];
      return pageOf(call, 'packages', names, (image) => showPackage(sim, repository, image));
    },
    [`${PREFIX}.packages.get`]: (call, sim) => {
      const { repository, image } = packageOf(sim, call.params['name']);
      return showPackage(sim, repository, image);
    },
    [`${PREFIX}.packages.delete`]: (call, sim) => {
      const { repository, image } = packageOf(sim, call.params['name']);
      forgetImages(sim, `${image}@`);
      forgetImages(sim, `${image}:`);
      return startDelete(call, sim, { projectId: repository.projectId, location: repository.location });
    },
    [`${PREFIX}.packages.versions.list`]: (call, sim) => {
      const { repository, image } = packageOf(sim, call.params['parent']);
      const full = call.params['view'] === 'FULL';
      return pageOf(call, 'versions', listManifests(sim, `${image}@`), (manifest) =>
        showVersion(sim, repository, manifest, full),
      );
    },
    [`${PREFIX}.packages.versions.get`]: (call, sim) => {
      const { repository, image, rest } = packageOf(sim, call.params['name']);
      const manifest = manifestOf(sim, image, rest.replace(/^versions\//, ''));
      return showVersion(sim, repository, manifest, call.params['view'] === 'FULL');
    },
    [`${PREFIX}.packages.versions.delete`]: (call, sim) => removeVersion(call, sim, startDelete),
    ...tagMethods,
  };
}

const tagMethods: Record<string, Handler> = {
  [`${PREFIX}.packages.tags.list`]: (call, sim) => {
    const { repository, image } = packageOf(sim, call.params['parent']);
    return pageOf(call, 'tags', listTags(sim, `${image}:`), (tag) => showTag(repository, tag));
  },
  [`${PREFIX}.packages.tags.get`]: (call, sim) => {
    const { repository, image, rest } = packageOf(sim, call.params['name']);
    return showTag(repository, tagOf(sim, image, rest));
  },
  [`${PREFIX}.packages.tags.create`]: (call, sim) => {
    const { repository, image } = packageOf(sim, call.params['parent']);
    const tag = String(call.params['tagId'] ?? '');
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) throw badRequest(`invalid tag id "${tag}"`);
    if (findTag(sim, image, tag)) throw alreadyExists('the tag already exists');
    const [, digest = ''] = /\/versions\/([^/]+)$/.exec(String(call.body['version'])) ?? [];
    const record: TagRecord = { image, tag, digest: manifestOf(sim, image, digest).digest };
    saveTag(sim, record);
    return showTag(repository, record);
  },
  [`${PREFIX}.packages.tags.delete`]: (call, sim) => {
    const { image, rest } = packageOf(sim, call.params['name']);
    removeTag(sim, tagOf(sim, image, rest));
    return {};
  },
};

function pageOf<T>(call: Call, field: string, all: T[], show: (item: T) => JsonObject): JsonObject {
  const keyed = all.map((value, place) => ({ key: String(place).padStart(9, '0'), value }));
  const sizes = { size: call.params['pageSize'], token: call.params['pageToken'], usual: 100, most: 1000 };
  const { items, nextPageToken } = page(keyed, sizes);
  return { ...(items.length > 0 ? { [field]: items.map(show) } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function manifestsOf(sim: Sim, repository: RepositoryRecord): ManifestRecord[] {
  return listManifests(sim, `${repositoryKey(repository)}/`);
}

function imageKey(repository: RepositoryRecord, encoded: string): string {
  return `${repositoryKey(repository)}/${decodeURIComponent(encoded)}`;
}

function shortName(repository: RepositoryRecord, image: string): string {
  return image.slice(repositoryKey(repository).length + 1);
}

function manifestOf(sim: Sim, image: string, digest: string): ManifestRecord {
  const manifest = findManifest(sim, image, digest);
  if (!manifest) throw notFound();
  return manifest;
}

function tagOf(sim: Sim, image: string, rest: string): TagRecord {
  const tag = findTag(sim, image, rest.replace(/^tags\//, ''));
  if (!tag) throw notFound();
  return tag;
}

/** @throws GoogleError 404 when no image has this name */
function packageOf(sim: Sim, name: unknown): { repository: RepositoryRecord; image: string; rest: string } {
  const { repository, rest } = repositoryOf(sim, name);
  const [, encoded = '', more = ''] = /^packages\/([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  const image = imageKey(repository, encoded);
  if (encoded === '' || listManifests(sim, `${image}@`).length === 0) throw notFound();
  return { repository, image, rest: more };
}

function tagsOf(sim: Sim, { image, digest }: ManifestRecord): TagRecord[] {
  return listTags(sim, `${image}:`).filter((tag) => tag.digest === digest);
}

function showImage(sim: Sim, repository: RepositoryRecord, manifest: ManifestRecord): JsonObject {
  const name = shortName(repository, manifest.image);
  const tags = tagsOf(sim, manifest).map(({ tag }) => tag);
  const { location, projectId, id } = repository;
  return {
    name: `${repositoryName(repository)}/dockerImages/${encodeURIComponent(name)}@${manifest.digest}`,
    uri: `${location}-docker.pkg.dev/${projectId}/${id}/${name}@${manifest.digest}`,
    ...(tags.length > 0 ? { tags } : {}),
    imageSizeBytes: String(manifest.imageSizeBytes),
    uploadTime: manifest.uploadTime,
    mediaType: manifest.mediaType,
    buildTime: manifest.uploadTime,
    updateTime: manifest.updateTime,
  };
}

function showPackage(sim: Sim, repository: RepositoryRecord, image: string): JsonObject {
  const times = listManifests(sim, `${image}@`).map(({ uploadTime }) => uploadTime);
  const name = shortName(repository, image);
  return {
    name: `${repositoryName(repository)}/packages/${encodeURIComponent(name)}`,
    createTime: times.toSorted()[0] ?? repository.createTime,
    updateTime: times.toSorted().at(-1) ?? repository.updateTime,
  };
}

function showVersion(sim: Sim, repository: RepositoryRecord, manifest: ManifestRecord, full: boolean): JsonObject {
  const parent = `${repositoryName(repository)}/packages/${encodeURIComponent(shortName(repository, manifest.image))}`;
  const tags = full ? tagsOf(sim, manifest).map((tag) => showTag(repository, tag)) : [];
  return {
    name: `${parent}/versions/${manifest.digest}`,
    createTime: manifest.uploadTime,
    updateTime: manifest.updateTime,
    metadata: {
      name: `${repositoryName(repository)}/dockerImages/${encodeURIComponent(shortName(repository, manifest.image))}@${manifest.digest}`,
      imageSizeBytes: String(manifest.imageSizeBytes),
      mediaType: manifest.mediaType,
    },
    ...(tags.length > 0 ? { relatedTags: tags } : {}),
  };
}

function showTag(repository: RepositoryRecord, { image, tag, digest }: TagRecord): JsonObject {
  const parent = `${repositoryName(repository)}/packages/${encodeURIComponent(shortName(repository, image))}`;
  return { name: `${parent}/tags/${tag}`, version: `${parent}/versions/${digest}` };
}

function removeVersion(call: Call, sim: Sim, startDelete: StartDelete): JsonObject {
  const { repository, image, rest } = packageOf(sim, call.params['name']);
  const manifest = manifestOf(sim, image, rest.replace(/^versions\//, ''));
  if (call.params['force'] !== true && tagsOf(sim, manifest).length > 0) {
    throw failedPrecondition(`failed to delete version: cannot delete manifest "${manifest.digest}" because it is tagged`);
  }
  removeManifest(sim, manifest);
  return startDelete(call, sim, { projectId: repository.projectId, location: repository.location });
}
