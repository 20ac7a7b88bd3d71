import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fileFault } from './file-fault.js';

const faultOf = (file: string): string => {
  try {
    readFileSync(file);
    return 'it was read';
  } catch (error) {
    return fileFault(error);
  }
};

it('says of a file in words what the system says in codes', () => {
  expect(faultOf('/nowhere/at/all')).toBe('there is no such file');
  expect(faultOf('/')).toBe('it is a folder');
  expect(fileFault(new Error('it is not written in UTF-8'))).toBe('it is not written in UTF-8');
});
