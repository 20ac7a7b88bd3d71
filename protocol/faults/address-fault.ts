/** What a system says where a program may not listen, as a fault that says what to do: at the gateway's doors and at the till's. */
import { ConfigError } from './errors.js';

/** Below 1024 without the right to it; an address of another machine; a name that stands for none. */
const UNUSABLE: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EPERM',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** `address` as the configuration has it: `http: 127.0.0.1:8080`. What is none of these comes back as it is. */
export function addressFault(error: unknown, address: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new ConfigError('ADDRESS_IN_USE', { detail: `${address}.`, cause: error });
  if (UNUSABLE.has(code)) return new ConfigError('ADDRESS_UNUSABLE', { detail: `${address} (${code}).`, cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
