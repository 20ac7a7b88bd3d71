/** Turns a failed listen into a fault with a remedy, for the gateway's and the till's servers. */
import { ConfigError } from './errors.js';

/** A port below 1024 without the privilege; another machine's address; a name that doesn't resolve. */
const UNUSABLE: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EPERM',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** `address` as configured: `http: 127.0.0.1:8080`. Any other error is returned unchanged. */
export function addressFault(error: unknown, address: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new ConfigError('ADDRESS_IN_USE', { detail: `${address}.`, cause: error });
  if (UNUSABLE.has(code)) return new ConfigError('ADDRESS_UNUSABLE', { detail: `${address} (${code}).`, cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
