/** Generates `docs/errors.md` from the registry. A test keeps the file equal to it. */
import { type Blame, ERRORS, ERRORS_BY_FAMILY } from './errors.js';
import { REASONS, type Reason } from './reasons.js';

export function renderErrorsDocument(): string {
  const parts = [OPENING];
  for (const family of Object.keys(ERRORS_BY_FAMILY)) {
    const rows = [...ERRORS].filter(([, entry]) => entry.family === family);
    parts.push(
      `## ${family}\n\n${table(
        ['code', 'what happened', 'what to do', 'whose fault', 'try again'],
        rows.map(([code, { what, remedy, blame, retry }]) => [
          `\`${code}\``,
          what,
          remedy,
          BLAME[blame],
          retry ? 'yes' : 'no',
        ]),
      )}`,
    );
  }
  const reasons = Object.entries<Reason>(REASONS).map(([code, { zh, en }]) => [`\`${code}\``, zh, en]);
  parts.push(`${REASONS_OPENING}\n\n${table(['reason', 'the counter shows', 'in English'], reasons)}`);
  return `${parts.join('\n\n')}\n`;
}

const OPENING = `# Errors and reasons

Written from \`protocol/faults\`; a test holds both equal. After a change there, \`npx vitest run protocol/faults -u\` writes
this file anew.

An **error** is a fault of somebody's: its code is in logs, replies and on standard error. A **reason** says why a coupon was
not taken or not handed out; the sale goes on at full price. A code once used is retired, never given another meaning.

"Try again" says whether the same thing, done again without a change, may succeed.`;

const REASONS_OPENING = `## Reasons

\`{missing}\` and \`{face}\` are yuan, \`{opens}\` and \`{closes}\` times of day. Where they are not known a shorter sentence is
shown.`;

const BLAME: Readonly<Record<Blame, string>> = {
  ours: 'ours',
  peer: 'the other side',
  hardware: 'the hardware',
  operator: 'whoever runs it',
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
