/** The CRC32C that Cloud Storage and Secret Manager guard bytes with, by the storage library's own implementation. */
export async function crc32cOf(bytes: Buffer): Promise<{ number: number; base64: string }> {
  const { CRC32C } = await import('@google-cloud/storage');
  const checksum = new CRC32C();
  checksum.update(bytes);
  return { number: checksum.valueOf(), base64: checksum.toString() };
}
