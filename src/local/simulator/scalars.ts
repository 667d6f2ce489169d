/** The JSON forms of protocol buffers' scalars. https://protobuf.dev/programming-guides/json/ */

const INTEGER_RANGES: Record<string, [bigint, bigint]> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** A value in its canonical form (64-bit integers as decimal text), or undefined where it is not one of this type. */
export function readScalar(
  value: unknown,
  type: string | undefined,
  format: string | undefined,
): string | number | boolean | undefined {
  if (type === 'boolean')
    return value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined;
  if (type === 'integer' || /^u?int64$/.test(format ?? ''))
    return readInteger(value, type === 'integer' ? (format ?? 'int32') : (format as string), type);
  if (type === 'number') return readNumber(value);
  if (typeof value !== 'string') return undefined;
  if (!textFits(value, format)) return undefined;
  return format === 'byte' ? canonicalBytes(value) : value;
}

/** Bytes may be sent in either alphabet, with or without padding: gcloud sends an etag back in the one for URLs. */
function canonicalBytes(text: string): string {
  const digits = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=');
}

function readInteger(value: unknown, format: string, type: string | undefined): string | number | undefined {
  const text = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : value;
  if (typeof text !== 'string' || !/^-?0*\d{1,20}$/.test(text)) return undefined;
  const [least, most] = INTEGER_RANGES[format] ?? (INTEGER_RANGES['int64'] as [bigint, bigint]);
  const number = BigInt(text);
  if (number < least || number > most) return undefined;
  return type === 'integer' ? Number(number) : number.toString();
}

function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

function textFits(text: string, format: string | undefined): boolean {
  switch (format) {
    case 'google-datetime':
    case 'date-time':
      return (
        /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
      );
    case 'google-duration':
      return /^-?\d{1,12}(\.\d{1,9})?s$/.test(text);
    case 'byte':
      return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(text);
    default:
      return true;
  }
}
