/** The CRC32C that Cloud Storage and Secret Manager guard bytes with, by the storage library's own implementation. */
export async function crc32cOf(bytes: Buffer): Promise<{ number: number; base64: string }> {
  const { CRC32C } = await import('@google-cloud/storage');
  const checksum = new CRC32C();
  checksum.update(bytes);
  // The library counts in signed numbers; Secret Manager wants the unsigned one.
  return { number: checksum.valueOf() >>> 0, base64: checksum.toString() };
}
