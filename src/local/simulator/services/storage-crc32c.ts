const POLYNOMIAL = 0x82f63b78;

/** Eight tables, so that eight bytes are taken in a step ("slicing by eight"): a 500 MB upload should not wait for its checksum. */
function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    first[byte] = value;
  }
  const tables = [first];
  for (let slice = 1; slice < 8; slice++) {
    const before = tables[slice - 1] as Uint32Array;
    tables.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)));
  }
  return tables;
}
const [T0, T1, T2, T3, T4, T5, T6, T7] = makeTables() as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** CRC32C (Castagnoli), the checksum of Cloud Storage's objects. Node has only the other CRC-32. */
export class Crc32c {
  private state = 0xffffffff;

  update(data: Uint8Array): this {
    let crc = this.state;
    let at = 0;
    const whole = data.length - (data.length % 8);
    // Indexes below are within the arrays; `as number` costs nothing at run time.
    for (; at < whole; at += 8) {
      const low =
        crc ^
        ((data[at] as number) |
          ((data[at + 1] as number) << 8) |
          ((data[at + 2] as number) << 16) |
          ((data[at + 3] as number) << 24));
      crc =
        (T7[low & 0xff] as number) ^
        (T6[(low >>> 8) & 0xff] as number) ^
        (T5[(low >>> 16) & 0xff] as number) ^
        (T4[low >>> 24] as number) ^
        (T3[data[at + 4] as number] as number) ^
        (T2[data[at + 5] as number] as number) ^
        (T1[data[at + 6] as number] as number) ^
        (T0[data[at + 7] as number] as number);
    }
    for (; at < data.length; at++) crc = (crc >>> 8) ^ (T0[(crc ^ (data[at] as number)) & 0xff] as number);
    this.state = crc >>> 0;
    return this;
  }

  /** Base64 of the four bytes, big-endian: as `crc32c` and `x-goog-hash` show it. */
  base64(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(~this.state >>> 0);
    return bytes.toString('base64');
  }
}
