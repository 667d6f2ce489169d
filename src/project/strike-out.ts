/** What opens a door, in the forms in which it might get into a text by mistake. */
const SECRETS: Array<[RegExp, string]> = [
  // Private keys.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '***'],
  // The user name and password of an address.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi, '$1***@'],
  // Access, refresh and identity tokens of Google.
  [/\b(?:ya29\.|1\/\/0)[\w.-]+/g, '***'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '***'],
  [/\b(Bearer|Basic) [\w.+/=~-]+/gi, '$1 ***'],
  [/\b([\w-]*(?:password|passwd|secret_key|token)["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi, '$1***'],
];

/** The text with everything struck out that has the form of a secret. */
export function strikeOut(text: string): string {
  return SECRETS.reduce((left, [form, instead]) => left.replace(form, instead), text);
}
