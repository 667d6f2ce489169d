import { UserError } from '../errors.ts';

interface SystemFault {
  code: string;
  syscall?: string;
  path?: string;
  address?: string;
  port?: number;
  hostname?: string;
}
interface Explanation {
  code: string;
  say(fault: SystemFault): string;
  hint(fault: SystemFault): string;
}

const place = ({ path }: SystemFault) => path ?? 'a file or folder';
const peer = ({ hostname, address, port }: SystemFault) =>
  hostname ?? (address === undefined ? 'the server' : port === undefined ? address : `${address}:${port}`);
const network = () => 'Check the connection, and HTTPS_PROXY and NO_PROXY if there is a proxy, then run the command again.';
const authorities = () =>
  'If a proxy of your company opens TLS connections, name its authority: NODE_EXTRA_CA_CERTS=/path/to/authority.pem (or NODE_USE_SYSTEM_CA=1 where the system trusts it)';

const noSpace: Explanation = {
  code: 'DISK_FULL',
  say: (fault) => `There is no space left for ${place(fault)}.`,
  hint: () => 'Make room on that disk, then run the command again.',
};
const forbidden: Explanation = {
  code: 'FILE_FORBIDDEN',
  say: (fault) => `${place(fault)} may not be read or written by this user.`,
  hint: () => 'Correct its permissions, or name another folder with --dir.',
};
const unreachable: Explanation = {
  code: 'NETWORK_UNREACHABLE',
  say: (fault) => `${peer(fault)} cannot be reached (${fault.code}).`,
  hint: network,
};
const nameless: Explanation = {
  code: 'HOST_NOT_FOUND',
  say: (fault) => `No address is found for ${peer(fault)} (${fault.code}).`,
  hint: network,
};
const dropped: Explanation = {
  code: 'CONNECTION_LOST',
  say: (fault) => `The connection to ${peer(fault)} broke (${fault.code}).`,
  hint: network,
};
const untrusted: Explanation = {
  code: 'CERTIFICATE_UNTRUSTED',
  say: (fault) => `The certificate of ${peer(fault)} is not trusted (${fault.code}).`,
  hint: authorities,
};

/** What Node.js says of files, ports and connections, by its code (https://nodejs.org/api/errors.html#common-system-errors). */
const EXPLANATIONS: Record<string, Explanation> = {
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: {
    code: 'READ_ONLY',
    say: (fault) => `${place(fault)} is on a disk that cannot be written to.`,
    hint: () => 'Name another folder with --dir.',
  },
  ENOENT: {
    code: 'FILE_MISSING',
    say: (fault) => `${place(fault)} is not there.`,
    hint: () => 'Check the path, then run the command again.',
  },
  ENOTDIR: {
    code: 'NOT_A_FOLDER',
    say: (fault) => `${place(fault)} leads through something that is not a folder.`,
    hint: () => 'Check the path, then run the command again.',
  },
  EEXIST: {
    code: 'FILE_IN_THE_WAY',
    say: (fault) => `${place(fault)} is there already, and is not what is needed.`,
    hint: () => 'Move it away, or name another folder with --dir.',
  },
  ENAMETOOLONG: {
    code: 'NAME_TOO_LONG',
    say: (fault) => `${place(fault)} is longer than the name of a file or folder may be.`,
    hint: () => 'Give a shorter path, then run the command again.',
  },
  EISDIR: {
    code: 'IS_A_FOLDER',
    say: (fault) => `${place(fault)} is a folder; a file was expected.`,
    hint: () => 'Check the path, then run the command again.',
  },
  EMFILE: {
    code: 'TOO_MANY_FILES',
    say: () => 'The system allows no more open files.',
    hint: () => 'Raise the limit, for example with `ulimit -n 4096`, then run the command again.',
  },
  EADDRINUSE: {
    code: 'PORT_IN_USE',
    say: (fault) => `Port ${fault.port ?? ''} on this machine is in use by another program.`,
    hint: () => 'Choose another with --port, or --port 0 for a free one.',
  },
  ECONNREFUSED: {
    code: 'CONNECTION_REFUSED',
    say: (fault) => `Nothing answers at ${peer(fault)}.`,
    hint: (fault) =>
      fault.address === '127.0.0.1' || fault.address === '::1'
        ? 'If this is the local target, start it with `mlflow-gcp local start`; else check HTTPS_PROXY.'
        : network(),
  },
  ECONNRESET: dropped,
  EPIPE: dropped,
  UND_ERR_SOCKET: dropped,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
  ENOTFOUND: nameless,
  EAI_AGAIN: nameless,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
};

/**
 * The UserError for a fault of the system or the network, found by its code in the error or in what caused it; undefined for
 * anything else.
 */
export function explainSystemError(error: unknown): UserError | undefined {
  for (let link: unknown = error, depth = 0; link instanceof Error && depth < 8; link = link.cause, depth++) {
    const fault = link as Error & Partial<SystemFault>;
    if (typeof fault.code !== 'string') continue;
    const explanation = explanationOf(fault as SystemFault);
    if (explanation === undefined) continue;
    const facts = fault as SystemFault;
    return new UserError({
      code: explanation.code,
      message: explanation.say(facts),
      hint: explanation.hint(facts),
      cause: error,
    });
  }
  return undefined;
}

function explanationOf(fault: SystemFault): Explanation | undefined {
  if (fault.code === 'ENOENT' && fault.syscall?.startsWith('spawn')) {
    return {
      code: 'PROGRAM_MISSING',
      say: () => `The program ${place(fault)} is not installed, or is not on the PATH.`,
      hint: () => 'Install it, then run the command again.',
    };
  }
  if (fault.code === 'EACCES' && fault.syscall === 'listen') {
    return {
      code: 'PORT_FORBIDDEN',
      say: () => `This user may not listen on port ${fault.port ?? ''}.`,
      hint: () => 'Choose a port from 1024 up with --port, or --port 0 for a free one.',
    };
  }
  return Object.hasOwn(EXPLANATIONS, fault.code) ? EXPLANATIONS[fault.code] : undefined;
}
