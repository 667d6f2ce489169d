import { describe, expect, it } from 'vitest';
import { requestLine, shownUrl } from '../../src/gcp/request-log.ts';

describe('the request log', () => {
  it.each([
    ['https://a.googleapis.com/v1/x', 'https://a.googleapis.com/v1/x'],
    ['https://a.googleapis.com/v1/x?filter=a%3Db%20c&pageSize=5', 'https://a.googleapis.com/v1/x?filter=a%3Db%20c&pageSize=5'],
    ['https://user:hunter2@a.googleapis.com/x#access_token=s3cr3t', 'https://a.googleapis.com/x'],
    ['https://a.googleapis.com/x?access_token=s3cr3t&alt=json', 'https://a.googleapis.com/x?access_token=***&alt=json'],
    [
      'https://a.googleapis.com/x?client_secret=s3cr3t&secretId=shown',
      'https://a.googleapis.com/x?client_secret=***&secretId=shown',
    ],
    ['https://a.googleapis.com/x?key=s3cr3t', 'https://a.googleapis.com/x?key=***'],
    ['https://a.googleapis.com/x?upload_id=s3cr3t', 'https://a.googleapis.com/x?upload_id=***'],
    ['https://a.googleapis.com/x?X-Goog-Signature=s3cr3t', 'https://a.googleapis.com/x?X-Goog-Signature=***'],
    ['https://a.googleapis.com/x?X-Goog-Credential=s3cr3t', 'https://a.googleapis.com/x?X-Goog-Credential=***'],
    ['https://a.googleapis.com/x?PASSWORD=s3cr3t&code=s3cr3t', 'https://a.googleapis.com/x?PASSWORD=***&code=***'],
  ])('shows %s as %s', (url, shown) => expect(shownUrl(new URL(url))).toBe(shown));

  it('is one line', () => {
    const url = new URL('https://a.googleapis.com/v1/x?a=%0Ab');
    expect(requestLine({ method: 'GET', url, outcome: 'ECONNRESET', ms: 12.6, attempt: 1 })).toBe(
      'GET https://a.googleapis.com/v1/x?a=%0Ab ECONNRESET 13 ms (attempt 2)',
    );
  });
});
