/** The records of one kind: JSON texts, so that nobody can change one in passing, with their keys in order. */
export class KindRecords {
  readonly texts = new Map<string, string>();
  private keys: string[] | undefined;

  set(key: string, text: string | undefined): void {
    if (text === undefined ? this.texts.delete(key) : !this.texts.has(key)) this.keys = undefined;
    if (text !== undefined) this.texts.set(key, text);
  }

  /** Those that start with `prefix`, in order. */
  withPrefix(prefix: string): string[] {
    this.keys ??= [...this.texts.keys()].sort();
    if (prefix === '') return this.keys;
    let low = 0;
    for (let high = this.keys.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] as string) < prefix) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (this.keys[end]?.startsWith(prefix)) end++;
    return this.keys.slice(low, end);
  }
}
