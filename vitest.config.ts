import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run the sources; `imports` in package.json points built code at dist.
    alias: [{ find: /^#(protocol|device|gateway|simulator)\/(.*)\.js$/, replacement: `${root}$1/$2.ts` }],
  },
  test: {
    include: ['{protocol,device,gateway,simulator,test,bin}/**/*.test.ts'],
    // Real processes and pseudo-terminals share two cores with the tests; a wait has a bound of its own.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
