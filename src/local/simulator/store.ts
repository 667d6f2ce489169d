import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { KindRecords } from './kind-records.ts';
import type { JsonObject, Store } from './service.ts';

/** A store whose writes reach the disk together, or not at all. */
export interface Transaction extends Store {
  /** Writes to disk. Throws when the disk refuses; nothing has been written then. */
  commit(): void;
  /** Takes back what has been written since the last commit. */
  rollback(): void;
}

interface Write {
  kind: string;
  key: string;
  before: string | undefined;
  after: string | undefined;
}

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID';

/**
 * All records in memory, and on disk in SQLite. A commit has reached the operating system when it returns, so that killing this
 * process loses nothing that was answered; the write-ahead log keeps the file readable whenever the kill comes.
 */
export class RecordStore {
  private readonly kinds = new Map<string, KindRecords>();
  private readonly database: DatabaseSync;
  private readonly filesFolder: string;

  /** Takes a database that {@link openDatabase} opened, and reads it whole. */
  constructor(database: DatabaseSync, filesFolder: string) {
    this.database = database;
    this.filesFolder = filesFolder;
    database.exec(SCHEMA);
    for (const row of database.prepare('SELECT kind, key, value FROM records').iterate()) {
      const { kind, key, value } = row as { kind: string; key: string; value: string };
      this.kind(kind).texts.set(key, value);
    }
  }

  private kind(name: string): KindRecords {
    const known = this.kinds.get(name);
    if (known) return known;
    const made = new KindRecords();
    this.kinds.set(name, made);
    return made;
  }

  kindNames(): string[] {
    return [...this.kinds.keys()].sort();
  }

  text(kind: string, key: string): string | undefined {
    return this.kinds.get(kind)?.texts.get(key);
  }

  keys(kind: string, prefix: string): string[] {
    return this.kinds.get(kind)?.withPrefix(prefix) ?? [];
  }

  /** Changes memory alone. */
  set(kind: string, key: string, text: string | undefined): void {
    this.kind(kind).set(key, text);
  }

  folder(kind: string): string {
    const path = join(this.filesFolder, kind);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Brings the disk in line with memory for these records, as a whole. */
  persist(changed: Array<{ kind: string; key: string }>): void {
    const upsert = this.database.prepare(
      'INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value',
    );
    const remove = this.database.prepare('DELETE FROM records WHERE kind = ? AND key = ?');
    this.database.exec('BEGIN IMMEDIATE');
    try {
      for (const { kind, key } of changed) {
        const text = this.text(kind, key);
        if (text === undefined) remove.run(kind, key);
        else upsert.run(kind, key, text);
      }
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Forgets every record but those of these kinds. */
  clear(keep: string[]): void {
    const marks = keep.map(() => '?').join(', ');
    this.database.prepare(`DELETE FROM records WHERE kind NOT IN (${marks})`).run(...keep);
    for (const name of this.kindNames()) if (!keep.includes(name)) this.kinds.delete(name);
  }

  begin(): Transaction {
    return new RecordTransaction(this);
  }

  close(): void {
    this.database.close();
  }
}

class RecordTransaction implements Transaction {
  private readonly records: RecordStore;
  private writes = new Map<string, Write>();

  constructor(records: RecordStore) {
    this.records = records;
  }

  get<T = JsonObject>(kind: string, key: string): T | undefined {
    const text = this.records.text(kind, key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  list<T = JsonObject>(kind: string, prefix = ''): Array<{ key: string; value: T }> {
    return this.records
      .keys(kind, prefix)
      .map((key) => ({ key, value: JSON.parse(this.records.text(kind, key) as string) as T }));
  }

  put(kind: string, key: string, value: unknown): void {
    this.write(kind, key, JSON.stringify(value));
  }

  delete(kind: string, key: string): void {
    this.write(kind, key, undefined);
  }

  folder(kind: string): string {
    return this.records.folder(kind);
  }

  private write(kind: string, key: string, after: string | undefined): void {
    const at = `${kind}\0${key}`;
    const earlier = this.writes.get(at);
    const before = earlier ? earlier.before : this.records.text(kind, key);
    this.writes.set(at, { kind, key, before, after });
    this.records.set(kind, key, after);
  }

  commit(): void {
    if (this.writes.size === 0) return;
    try {
      this.records.persist([...this.writes.values()]);
      this.writes = new Map();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  rollback(): void {
    for (const { kind, key, before, after } of this.writes.values()) {
      // What somebody else has written since stays.
      if (this.records.text(kind, key) === after) this.records.set(kind, key, before);
    }
    this.writes = new Map();
  }
}

/** A store outside of any call: each write is on disk when it returns. */
export function autoCommit(records: RecordStore): Store {
  const within = <T>(work: (transaction: Transaction) => T): T => {
    const transaction = records.begin();
    const value = work(transaction);
    transaction.commit();
    return value;
  };
  const reader = records.begin();
  return {
    get: (kind, key) => reader.get(kind, key),
    list: (kind, prefix) => reader.list(kind, prefix),
    put: (kind, key, value) => within((transaction) => transaction.put(kind, key, value)),
    delete: (kind, key) => within((transaction) => transaction.delete(kind, key)),
    folder: (kind) => records.folder(kind),
  };
}
