import { expect, test } from 'vitest';
import { crc32cOf } from '../../src/gcp/crc32c.ts';

test('the check value of CRC32C, whose highest bit is set, is a positive number', async () => {
  // https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
  expect(await crc32cOf(Buffer.from('123456789'))).toEqual({ number: 0xe3069283, base64: '4waSgw==' });
});
