/** What a scenario came to. */
import type { MovedWindow } from '#simulator/counter/campaign-copy.js';
import type { Reconciled } from '#simulator/counter/reconcile.js';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly tookMs: number;
  /** What is wrong; null where nothing is. */
  readonly wrong: string | null;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly seed: number;
  /** The campaign's document says other days and hours: a scenario plays on today's clock. */
  readonly window: MovedWindow;
  /** Settled, and coupons redeemed, by the ledger. */
  readonly sales: number;
  readonly redeemed: number;
  readonly violations: readonly string[];
  readonly checks: readonly Check[];
  readonly tookMs: number;
  readonly books: Reconciled | null;
  readonly kills: { readonly agent: number; readonly gateway: number };
}

/** JUnit's XML as CI servers read it: a test case for each thing that was looked at. */
export function junitXml(results: readonly ScenarioResult[]): string {
  const suites = results.map(({ scenario, seed, checks, tookMs }) => {
    const failures = checks.filter(({ wrong }) => wrong !== null).length;
    const cases = checks.map(({ name, tookMs: took, wrong }) => {
      const head = `    <testcase classname="${text(scenario)}" name="${text(name)}" time="${(took / 1000).toFixed(3)}"`;
      return wrong === null ? `${head}/>` : `${head}><failure message="${text(wrong)}"/></testcase>`;
    });
    return [
      `  <testsuite name="${text(scenario)} seed ${seed}" tests="${checks.length}" failures="${failures}" time="${(tookMs / 1000).toFixed(3)}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}

/** XML 1.0 has no way to write most control characters, nor half a surrogate pair: they leave a mark. */
export const text = (raw: string): string =>
  raw
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\n/g, '&#10;');
