import { expect, it } from 'vitest';
import { addressFault } from './address-fault.js';

const system = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code });

it.each([
  ['another process has it', 'EADDRINUSE', 'ADDRESS_IN_USE'],
  ['a port that only root may open', 'EACCES', 'ADDRESS_UNUSABLE'],
  ["another machine's address", 'EADDRNOTAVAIL', 'ADDRESS_UNUSABLE'],
  ['a name that stands for no address', 'ENOTFOUND', 'ADDRESS_UNUSABLE'],
])('%s: which address it is, and what to do, under a code', (_, said, code) => {
  expect(addressFault(system(said), 'http: 10.0.0.1:80')).toMatchObject({
    code,
    message: expect.stringMatching(/http: 10\.0\.0\.1:80.* (Stop it|Choose a port)/),
  });
});

it('leaves alone what is no matter of an address', () => {
  const other = system('EMFILE');
  expect(addressFault(other, 'http: 127.0.0.1:8080')).toBe(other);
});
