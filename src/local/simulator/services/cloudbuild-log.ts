import type { Sim } from '../service.ts';
import { findBucket } from './storage-bucket-record.ts';
import { storeContent } from './storage-content.ts';
import { createObject } from './storage-object-record.ts';

const EVERY_MS = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** A build's log, kept as the object `log-ID.txt` of a bucket that grows while the build goes on. */
export class BuildLog {
  private readonly sim: Sim;
  private readonly place: { bucket: string; name: string } | undefined;
  private text = '';
  private written = 0;
  private work: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  /** @param logsBucket `gs://BUCKET/PREFIX` as the build says; undefined where no log is kept in a bucket */
  constructor(sim: Sim, logsBucket: string | undefined, id: string) {
    this.sim = sim;
    const [, bucket, prefix = ''] = /^(?:gs:\/\/)?([^/]+)(?:\/(.*?))?\/?$/.exec(logsBucket ?? '') ?? [];
    this.place = bucket ? { bucket, name: `${prefix === '' ? '' : `${prefix}/`}log-${id}.txt` } : undefined;
  }

  /** A line, in Cloud Build's form when it is of a step. */
  line(text: string): void {
    if (this.text.length < MAX_BYTES) this.text += `${text}\n`;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, EVERY_MS);
  }

  /** Writes what there is; resolves when it is written. */
  async end(): Promise<void> {
    clearTimeout(this.timer);
    await this.flush();
  }

  private flush(): Promise<void> {
    this.work = this.work.then(async () => {
      const { text, place } = this;
      if (!place || text.length === this.written || !findBucket(this.sim, place.bucket)) return;
      const content = await storeContent(this.sim, Buffer.from(text));
      const bucket = findBucket(this.sim, place.bucket);
      if (bucket) createObject(this.sim, bucket, place.name, { contentType: 'text/plain; charset=utf-8' }, content);
      this.written = text.length;
    });
    return this.work;
  }
}
