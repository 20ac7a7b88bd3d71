/** What the documents say is held to what the project does: commands, keys, pictures, examples, links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDeviceConfig } from '#device/config/config.js';
import { deviceConfigExample } from '#device/config/config-example.js';
import { receiptDocument } from '#device/core/receipt/receipt.js';
import { DISPLAYS } from '#device/drivers/displays/index.js';
import { parseEcrLine } from '#device/drivers/ecr/ecr.js';
import { generic58 } from '#device/drivers/printers/models/generic-58.js';
import { PRINTER_MODELS } from '#device/drivers/printers/models/index.js';
import { renderReceipt } from '#device/drivers/printers/render.js';
import { READERS } from '#device/drivers/readers/index.js';
import { SCANNERS } from '#device/drivers/scanners/index.js';
import { VOICES } from '#device/drivers/voices/index.js';
import { AGENT } from '#device/main.js';
import { gatewayConfigExample } from '#gateway/config/config.js';
import type { OrderNo, ReceiptNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { VERSION } from '#protocol/node/version.js';
import { PAPER_58, paperSvg, render } from '#simulator/hardware/printer/index.js';
import { parseScenario } from '#simulator/scenarios/format.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const READMES = ['README.md', 'README.zh-CN.md'] as const;
const DOCS = [
  ...READMES,
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** First cells, in backticks, of the table that follows a marker `<!-- table: NAME -->`. */
function firstCells(document: string, marker: string): string[] {
  const [, after] = read(document).split(`<!-- table: ${marker} -->`);
  if (after === undefined) throw new Error(`${document} has no marker <!-- table: ${marker} -->`);
  const table = after.trimStart().split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell ?? '');
}

describe.each(READMES)('%s', (readme) => {
  it('has every command of the door in its table, and no other', () => {
    const [, table = ''] = /const COMMANDS[^=]*=> [^=]*= \{\n([\s\S]*?)\n\};/.exec(read('bin/main.ts')) ?? [];
    const commands = [...table.matchAll(/^ {2}'?([a-z-]+)'?: \(\) =>/gm)].map(([, name = '']) => name);
    const rows = firstCells(readme, 'commands').map((cell) => cell.split(' ')[1] ?? '');
    expect(commands.length).toBeGreaterThan(5);
    expect({
      withoutRow: commands.filter((name) => !rows.includes(name)).map((name) => `${name}: add its row to ${readme}`),
      withoutCommand: rows.filter((name) => !commands.includes(name)),
    }).toEqual({ withoutRow: [], withoutCommand: [] });
  });

  it('has every key of a device.yaml, and none that the device would refuse', () => {
    const keys = firstCells(readme, 'device.yaml');
    const levels = new Set(['', ...keys.map(parentOf)]);
    for (const level of levels) {
      const listed = keys
        .filter((key) => parentOf(key) === level)
        .map((key) => key.slice(level === '' ? 0 : level.length + 1));
      const nested = keysBelow(keys, level);
      expect({ level, keys: [...new Set([...listed, ...nested])].sort() }).toEqual({
        level,
        keys: knownDeviceKeys(level).sort(),
      });
    }
  });

  it('has every key that codeplate init writes or offers for a gateway.yaml', () => {
    const example = gatewayConfigExample({ campaign: 'c.json', devices: [{ id: 'a', password: 'p', merchant: 'm' }] });
    expect(firstCells(readme, 'gateway.yaml').sort()).toEqual(leafKeys(parse(uncommented(example))).sort());
  });
});

it('the commented device.yaml offers no key that the README leaves out', () => {
  const example = deviceConfigExample({
    device: 'plate-001',
    merchant: 'yh-01',
    merchantName: '商户',
    campaign: 'youhao-2023',
    gatewayUrl: 'mqtt://127.0.0.1:1883',
    password: 'p',
    issuerKey: { number: 1, publicKey: 'k' },
  });
  const known = new Set(firstCells('README.md', 'device.yaml'));
  const offered = leafKeys(parse(uncommented(example))).map((key) =>
    key.replace(/^gateway\.issuerKeys\.\d+$/, 'gateway.issuerKeys'),
  );
  expect(offered.filter((key) => !known.has(key))).toEqual([]);
});

/** Where a person looks up what there is: every member of a family stands there, and nothing that is none. */
const FAMILIES = {
  'scanner.driver': SCANNERS,
  'reader.driver': READERS,
  'printer.model': PRINTER_MODELS,
  'voice.driver': VOICES,
  'display.driver': DISPLAYS,
} as const;

describe.each(Object.entries<Readonly<Record<string, unknown>>>(FAMILIES))('the members of %s', (key, family) => {
  it.each(READMES)('stand in %s', (readme) => {
    const row = read(readme)
      .split('\n')
      .find((line) => line.startsWith(`| \`${key}\` |`));
    const listed = [...(row ?? '').matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) => (name === key ? [] : [name]));
    expect({ [`${readme}, row ${key}`]: listed.toSorted() }).toEqual({
      [`${readme}, row ${key}`]: Object.keys(family).toSorted(),
    });
  });

  it('have their wiring in docs/wiring.md', () => {
    const missing = Object.keys(family).filter((name) => !read('docs/wiring.md').includes(`\`${name}\``));
    expect(missing.map((name) => `${name}: say in docs/wiring.md what to set on it`)).toEqual([]);
  });
});

it('both READMEs have the same sections, tables and pictures', () => {
  const shape = (readme: string) => {
    const text = read(readme);
    return {
      headings: [...text.matchAll(/^(#+) /gm)].map(([, level]) => level),
      links: [...text.matchAll(/\]\(([^)#]+)\)/g)]
        .map(([, link]) => link)
        .filter((link) => !link?.startsWith('README')),
      code: [...text.matchAll(/^```(\w*)/gm)].map(([, language]) => language),
    };
  };
  expect(shape('README.zh-CN.md')).toEqual(shape('README.md'));
});

it('the version stands in package.json only', () => {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  expect(VERSION).toBe(version);
  expect(AGENT).toBe(`codeplate-${version}`);
  for (const file of ['bin/main.ts', 'device/main.ts']) expect(read(file)).not.toContain(version);
});

it.each(READMES)('the scenario in %s is one that codeplate simulate takes', (readme) => {
  const [, scenario = ''] = /^```yaml\n(name: [\s\S]*?)^```/m.exec(read(readme)) ?? [];
  expect(parseScenario(scenario)).toMatchObject({ ok: true, value: { name: 'my-morning' } });
});

describe('the receipt in the README', () => {
  const { bytes } = renderReceipt(
    receiptDocument(
      {
        kind: 'sale',
        copy: 'original',
        receipt: 'plate-001-s000042-9f3c1a' as ReceiptNo,
        merchant: '伊春市友好区鑫亿家百货超市',
        device: 'plate-001',
        order: 'A-1042' as OrderNo,
        time: '2023-03-28 12:05:11',
        amountFen: fen(25_990),
        netFen: fen(21_990),
        coupon: { faceFen: fen(4_000), thresholdFen: fen(20_000), offline: false },
        noCoupon: null,
        card: { scheme: 'UNIONPAY', last4: '0042', auth: '000001', rrn: '900001000001' },
        campaign: {
          name: '“畅购友好·乐享消费”惠民消费季',
          line: '“畅购友好·乐享消费”惠民消费季　伊春市友好区人民政府',
        },
      },
      { columns: generic58.columns, language: 'zh' },
    ),
    generic58,
  );

  it('is what the agent sends to a 58 mm printer', async () => {
    await expect(`${Buffer.from(bytes).toString('base64')}\n`).toMatchFileSnapshot(
      join(ROOT, 'docs/images/receipt.base64'),
    );
  });

  it('is drawn by the virtual printer, as codeplate render --svg draws it', async () => {
    const { documents, unknown } = render(bytes, PAPER_58);
    expect(unknown).toEqual([]);
    await expect(paperSvg(documents)).toMatchFileSnapshot(join(ROOT, 'docs/images/receipt.svg'));
  });
});

describe.each(DOCS)('%s', (document) => {
  const blocks = [...read(document).matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));

  it('shows JSON that parses', () => {
    const json = blocks.flatMap(({ language, text }) => {
      if (language === 'json') return [text];
      return text.split('\n').filter((line) => line.startsWith('{'));
    });
    for (const text of json) expect(() => JSON.parse(text), text).not.toThrow();
  });

  it('shows YAML that parses', () => {
    for (const { language, text } of blocks) if (language === 'yaml') expect(() => parse(text), text).not.toThrow();
  });

  it('links to files that exist', () => {
    const links = [...read(document).matchAll(/(?:\]\(|src=")([^)"#\s]+)/g)].map(([, link]) => link ?? '');
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !existsSync(join(ROOT, dirname(document), link)))).toEqual([]);
  });
});

it('each ECR line in docs/ecr.md that a till would send is one that the counter takes', () => {
  const lines = [...read('docs/ecr.md').matchAll(/^> (.+)\n(?!< ERR)/gm)].map(([, line]) => line ?? '');
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.filter((line) => !parseEcrLine(line).ok)).toEqual([]);
});

const parentOf = (key: string): string => key.split('.').slice(0, -1).join('.');

/** Next steps of keys that lie deeper than a level: of `gateway.tls.ca`, `tls` at `gateway`. */
const keysBelow = (keys: readonly string[], level: string): string[] =>
  keys
    .filter((key) => level === '' || key.startsWith(`${level}.`))
    .map((key) => key.split('.').slice(level === '' ? 0 : level.split('.').length))
    .filter((steps) => steps.length > 1)
    .map(([first = '']) => first);

/** The device says itself which keys it knows, to whom writes one that it doesn't. */
function knownDeviceKeys(level: string): string[] {
  const path = [...(level === '' ? [] : level.split('.')), 'zzz'];
  const data = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), 1);
  const parsed = parseDeviceConfig(JSON.stringify(data), 'device.yaml');
  const problems = parsed.ok ? [] : parsed.fault;
  const { allowed = '' } = problems.find((problem) => problem.path === path.join('.')) ?? {};
  return /\(known: ([^)]*)\)/.exec(allowed)?.[1]?.split(', ') ?? [];
}

/** Offered keys stand in comments. */
const uncommented = (yaml: string): string => yaml.replace(/^( *)# ( *[a-zA-Z]+:( .*)?)$/gm, '$1$2');

function leafKeys(data: unknown, path = ''): string[] {
  if (Array.isArray(data)) return leafKeys(data[0], `${path}[]`);
  if (typeof data !== 'object' || data === null) return [path];
  return Object.entries(data).flatMap(([key, value]) => leafKeys(value, path === '' ? key : `${path}.${key}`));
}
