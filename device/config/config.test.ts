import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeProblem } from '#protocol/config/yaml-file.js';
import { SCANNERS } from '../drivers/scanners/index.js';
import { type DeviceConfig, parseDeviceConfig, unheeded } from './config.js';

const WHOLE = `
# A counter with everything
device: plate-001
merchant: liangyou
campaign: youhao-2023
language: en
mode: plate
data: data/plate-001
gateway:
  url: mqtts://gateway.example:8883
  username: plate-001
  password: "00012345"
  tls: { ca: ca.pem, cert: plate.pem, key: /etc/codeplate/plate.key }
scanner: { path: /dev/scanner, driver: gm65, baud: 9600, suffix: crlf, aim: true }
reader: { path: /dev/reader, driver: crp1, baud: 115200 }
printer: { path: /dev/printer, driver: escpos, model: generic-58 }
voice: { path: /dev/voice, driver: syn6288 }
display: { path: /dev/display, driver: led8, baud: 2400 }
till:
  http: { port: 8787 }
  ecr: { path: /dev/till, baud: 9600 }
log: debug
`;
const LEAST = `
device: plate-001
merchant: liangyou
campaign: youhao-2023
data: data
gateway: { url: "mqtt://127.0.0.1:1883" }
`;

const SOURCE = '/etc/codeplate/device.yaml';

function parsed(yaml: string): DeviceConfig {
  const result = parseDeviceConfig(yaml, SOURCE);
  if (!result.ok) throw new Error(result.fault.map(describeProblem).join('\n'));
  return result.value;
}

function problems(yaml: string): string[] {
  const result = parseDeviceConfig(yaml, SOURCE);
  return result.ok ? [] : result.fault.map(describeProblem);
}

describe('the configuration of a device', () => {
  it('is read whole', () => {
    const config = parsed(WHOLE);
    expect(config).toMatchObject({
      device: 'plate-001',
      mode: 'plate',
      gateway: { password: '00012345' },
      scanner: { driver: 'gm65', suffix: 'crlf', aim: true },
      printer: { driver: 'escpos', model: 'generic-58' },
      till: { http: { port: 8787 }, ecr: { path: '/dev/till' } },
    });
  });

  it('needs no peripheral, and has defaults that suit most counters', () => {
    expect(parsed(LEAST)).toEqual({
      device: 'plate-001',
      merchant: 'liangyou',
      campaign: 'youhao-2023',
      language: 'zh',
      mode: 'customer-code',
      data: resolve('/etc/codeplate/data'),
      gateway: { url: 'mqtt://127.0.0.1:1883' },
      till: { orders: 'daily', dayBegins: '04:00' },
      merchantName: '商户',
      log: 'info',
    });
    expect(parsed(`${LEAST}\nscanner: { path: /dev/s, driver: line }`).scanner).toEqual({
      path: '/dev/s',
      driver: 'line',
      suffix: 'cr',
      aim: false,
    });
  });

  it('takes relative paths from the folder of the file', () => {
    const { data, gateway } = parsed(WHOLE);
    expect(data).toBe('/etc/codeplate/data/plate-001');
    expect(gateway.tls).toEqual({
      ca: '/etc/codeplate/ca.pem',
      cert: '/etc/codeplate/plate.pem',
      key: '/etc/codeplate/plate.key',
    });
  });

  it('tells every problem at once: where, what stands there, what is allowed', () => {
    const found = problems(`
device: Plate_001
merchant: liangyou
campaing: youhao-2023
data: ""
gateway: { url: "http://gateway", passwrod: hunter2 }
scanner: { driver: gm56, baud: 9601, aim: sometimes }
printer: { path: /dev/p, model: generic58 }
reader: crp1
till: { http: { port: 70000 } }
`);
    const about = (path: string): string | undefined => found.find((line) => line.startsWith(`${path}: `));
    expect(about('device')).toBe('device: "Plate_001" - up to 32 of a-z, 0-9 and -, in quotes if it is all digits');
    expect(about('campaign')).toContain('missing');
    expect(about('campaing')).toContain('did you mean campaign?');
    expect(about('data')).toContain('a folder');
    expect(about('gateway.url')).toContain('"http://gateway" - mqtt://host:port');
    expect(about('gateway.passwrod')).toContain('unknown - no such key; did you mean password?');
    expect(about('scanner.path')).toContain('missing - the path of a serial port');
    expect(about('scanner.driver')).toContain(
      `"gm56" - one of ${Object.keys(SCANNERS).join(', ')}; did you mean gm65?`,
    );
    expect(about('scanner.baud')).toContain('9601 - one of 1200, 2400');
    expect(about('scanner.aim')).toBe('scanner.aim: "sometimes" - true or false');
    expect(about('printer.model')).toContain('did you mean generic-58?');
    expect(about('reader')).toBeDefined();
    expect(about('till.http.port')).toContain('70000');
    expect(found.join()).not.toContain('hunter2');
  });

  it('lets no bad value hide what lies between others', () => {
    const found = problems(`
device: Plate 1
merchant: liangyou
campaign: youhao-2023
data: data
gateway: { url: "mqtt://g:1", password: x, issuerKeys: { first: AAAA, "256": AAAA }, tls: { cert: a.pem } }
scanner: { path: ports/x, driver: line }
reader: { path: ./ports/x, driver: crp1 }
printer: { path: /etc/codeplate/ports/x, model: generic-58 }
`).join('\n');
    expect(found).toMatch(/^device: /m);
    expect(found).toMatch(/^reader\.path: .*scanner\.path uses/m);
    expect(found).toMatch(/^printer\.path: .*scanner\.path uses/m);
    expect(found).toMatch(/^gateway\.url: .*mqtts/m);
    expect(found).toMatch(/^gateway\.tls: .*both cert and key/m);
    expect(found).toMatch(/^gateway\.username: missing/m);
    expect(found).toMatch(/^gateway\.issuerKeys\.first: .*a key number, 0 to 255/m);
    expect(found).toMatch(/^gateway\.issuerKeys\.first: .*33 bytes/m);
    expect(found).toMatch(/^gateway\.issuerKeys\.256: .*a key number/m);
  });

  it.each([
    [
      'two drivers on one port',
      'scanner: { path: /dev/x, driver: line }\nreader: { path: /dev/x, driver: crp1 }',
      /reader.path.*scanner.path uses/,
    ],
    ['a shop name without ink', 'merchantName: "\\u200b\\u3164"', /merchantName.*can be seen/],
    ['a shop name that turns the line around', 'merchantName: "Shop\\u202e"', /merchantName.*can be seen/],
    ['a shop name with a bell', 'merchantName: "Shop\\a"', /merchantName.*control/],
    ['a certificate without its key', 'gateway: { url: "mqtts://g:1", tls: { cert: a.pem } }', /both cert and key/],
    ['TLS on a plain address', 'gateway: { url: "mqtt://g:1", tls: { ca: a.pem } }', /gateway.url.*mqtts/],
    ['a password without a name', 'gateway: { url: "mqtt://g:1", password: x }', /gateway.username/],
    [
      'a password that YAML takes for a number',
      'gateway: { url: "mqtt://g:1", username: a, password: 0123 }',
      /password: \(not shown\).*in quotes/,
    ],
    ['a port of the till beyond loopback', 'till: { http: { port: 1, host: 0.0.0.0 } }', /till.http.host.*no such key/],
  ])('refuses %s', (_, more, expected) => {
    const base = more.startsWith('gateway') ? LEAST.replace(/gateway.*/, '') : LEAST;
    expect(problems(`${base}\n${more}`).join('\n')).toMatch(expected);
  });

  it.each([
    ['nothing', ''],
    ['a list', '- a\n- b'],
    ['a sentence', 'no configuration at all'],
    ['broken YAML', 'device: [plate\nmerchant: }'],
    ['a key twice', `${LEAST}\ndevice: plate-002`],
    ['a prototype', `${LEAST}\n__proto__: { device: x }`],
    ['a tag of its own', `${LEAST}\nlog: !!js/function "x"`],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
    ],
    ['a megabyte', `#${'x'.repeat(1024 * 1024)}`],
    ['control bytes', '\u0000\u0001\u0002'],
  ])('refuses %s with a sentence', (_, yaml) => {
    const found = problems(yaml);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((line) => line.length > 10)).toBe(true);
  });
});

it('refuses an option that the scanner’s driver does not have', () => {
  const scanners = { framed: { heeds: ['stripAimPrefix'] } } as const;
  const problemsOf = (scanner: object) => unheeded({ scanner: { driver: 'framed', ...scanner } }, scanners);
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ aim: true })).toEqual([]);
  expect(problemsOf({ suffix: 'lf', aim: true })).toEqual([
    { path: 'scanner.suffix', value: '"lf"', allowed: 'no such option of a framed scanner' },
  ]);
});
