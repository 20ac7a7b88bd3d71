import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeEmv } from '#protocol/codes/emv.js';
import { UsageError } from '../usage.js';
import { command } from './inspect.js';

afterEach(() => {
  vi.restoreAllMocks();
});

async function run(...args: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  await command().parseAsync(args, { from: 'user' });
  return printed;
}

const inspect = async (code: string): Promise<unknown> => JSON.parse(await run('--json', '--', code));

describe('codeplate inspect', () => {
  it('prints one JSON object of the same shape for every kind', async () => {
    expect(await inspect('6212345678901234567')).toEqual({
      kind: 'unionpay-payment-code',
      valid: true,
      masked: '62*************4567',
      fields: { digits: 19 },
      reason: null,
    });
    expect(await inspect('134567890123456789')).toMatchObject({ kind: 'wechat-payment-code', valid: true });
    expect(await inspect('2812345678901234')).toMatchObject({ kind: 'alipay-payment-code', valid: true });
    expect(await inspect('https://qr.95516.com/00010000/62011234567890123456789012')).toMatchObject({
      kind: 'unionpay-plate',
      fields: { institution: '00010000', plate: '62011234567890123456789012' },
    });
    expect(await inspect('CP1:AAAA')).toEqual({
      kind: 'presentation',
      valid: false,
      masked: 'CP1:AAAA',
      fields: {},
      reason: 'presentation-malformed',
    });
    expect(await inspect('-hello')).toMatchObject({ kind: 'unknown', valid: false, reason: 'code-unknown' });
  });

  it('maps the tags of a merchant code to values, templates nested, and says what is wrong with it', async () => {
    const code = encodeEmv({ '01': '11', '26': { '00': 'cn.test', '01': '42' }, '58': 'CN', '59': '鑫亿家' });
    expect(await inspect(code)).toMatchObject({
      kind: 'emv-merchant',
      valid: true,
      fields: { '00': '01', '26': { '00': 'cn.test', '01': '42' }, '59': '鑫亿家' },
      reason: null,
    });
    expect(await inspect(code.replace('cn.test', 'cn.tost'))).toMatchObject({ valid: false, reason: 'emv-crc' });
  });

  it('reads the code from standard input, its line end left out', async () => {
    const piped = Object.assign(Readable.from(['621234', '5678901234567\r\n']), { fd: 0 as const });
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(piped as unknown as typeof process.stdin);
    expect(JSON.parse(await run('--json', '-'))).toMatchObject({ kind: 'unionpay-payment-code' });
  });

  it('never prints a payment code whole, in either form, wherever it stands', async () => {
    const code = '6212345678901234567';
    for (const text of [code, `x${code}`, `${code} `, encodeEmv({ '59': code }), `000201${code}`, `CP1:${code}`]) {
      expect(await run('--', text)).not.toContain('345678901234');
      expect(await run('--json', '--', text)).not.toContain('345678901234');
    }
  });

  it('reads well for a person', async () => {
    expect(await run('CP1:AAAA')).toContain('The coupon code is damaged');
    const emv = await run(encodeEmv({ '01': '11', '26': { '00': 'cn.test' }, '59': 'SHOP' }));
    expect(emv).toMatch(/00 {2}01\n {2}01 {2}11\n {2}26\n {4}00 {2}cn\.test\n {2}59 {2}SHOP/);
  });

  it('takes no more from a pipe than any code can hold', async () => {
    const endless = Object.assign(Readable.from(Array.from({ length: 100 }, () => '6'.repeat(10_000))), {
      fd: 0 as const,
    });
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(endless as unknown as typeof process.stdin);
    await expect(run('-')).rejects.toThrow(/no scanned code: it has more than 65536 bytes/);
  });

  it('says what to give it when it is given nothing', async () => {
    await expect(run('')).rejects.toThrow(UsageError);
  });

  it('checks what the holder signed, whose key the presentation carries', async () => {
    // A wallet of the demo showed it; its coupon is long spent.
    const shown = [
      'CP1:AEAUGVVCAKPPT3MVOL3QCY2LTUDED5AT2JBMLRCVAFUWP3SR6GSM2FHBITKJOAAAD5CP777777777777KWA4R7HTY55JO3SZ',
      'SI57DVNZWUAG4EDN2PBDCDXQ3XQEME6KGHEDD2TBSR66ZE6NV5XLN3YGQ6LUAMYNQXNY6FBQU2BNUP6RRDWSEJ4GKYIGIISKHEAA',
      'CFHESP5F2XMBD6SZ7RUSUY7EDLF6TD7EBL6FG6B6TDDBT235XHPUPT4LPFFQVQXIFPKFQZHAXQUKZPYOD6CKBXQJKIHIIYJQJY5S',
      'GN3A',
    ].join('');
    expect(await inspect(shown)).toMatchObject({
      valid: true,
      reason: null,
      fields: { serials: [8004], counter: 1, holderSignature: 'valid', issuerSignature: 'not-checked' },
    });
    const forged = `${shown.slice(0, -30)}${shown.at(-30) === 'A' ? 'B' : 'A'}${shown.slice(-29)}`;
    expect(await inspect(forged)).toMatchObject({
      kind: 'presentation',
      valid: false,
      reason: 'presentation-forged',
      fields: { holderSignature: 'wrong' },
    });
  });
});
