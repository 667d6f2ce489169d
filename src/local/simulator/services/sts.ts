import { sendJson } from '../answer.ts';
import { readBytes } from '../request-body.ts';
import type { Service } from '../service.ts';
import { Reply } from '../service.ts';
import { exchangeToken } from './sts-exchange.ts';

const MOST_BYTES = 64 * 1024;

/** Security Token Service: workload identity federation. https://docs.cloud.google.com/iam/docs/reference/sts/rest */
export const sts: Service = {
  api: 'sts',
  versions: ['v1'],
  methods: {
    'sts.token': (call, sim) => {
      const { status, body } = exchangeToken(sim, call.body as Record<string, string>);
      return new Reply(status, body);
    },
  },
  anonymous: ['sts.token'],
  routes: [
    {
      // As OAuth has it, and Google's client libraries send it: a form, with names in snake case.
      httpMethod: 'POST',
      host: /^sts(?:\.[a-z0-9-]+\.rep)?\.googleapis\.com$/,
      path: /^\/v1\/token$/,
      when: (_url, message) => /x-www-form-urlencoded/i.test(String(message.headers['content-type'])),
      authenticated: false,
      async handle({ message, response }, sim) {
        const bytes = await readBytes(message, MOST_BYTES, { declared: message.headers['content-length'] });
        const fields = [...new URLSearchParams(bytes.toString())].map(([name, value]) => [
          name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
          value,
        ]);
        sendJson(message, response, {
          ...exchangeToken(sim, Object.fromEntries(fields) as Record<string, string>),
          pretty: true,
        });
      },
    },
  ],
};
