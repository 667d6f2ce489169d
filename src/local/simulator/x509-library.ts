/** The library of certificates with what it asks for first. It takes a while to load: only when a certificate of this kind is made. */
export async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
