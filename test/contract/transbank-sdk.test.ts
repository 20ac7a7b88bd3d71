/** The maker's own SDK judges the virtual terminal, over a pseudo-terminal and its own serialport 12. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type OnPty, onPty } from '#simulator/hardware/on-pty.js';
import { balanceFen } from '#simulator/hardware/readers/bank.js';
import {
  type TransbankInput,
  type TransbankTerminal,
  transbankTerminal,
} from '#simulator/hardware/readers/transbank/machine.js';

/** The part of the SDK that is used; it ships no typings. */
interface Pos {
  connect(path: string): Promise<unknown>;
  disconnect(): Promise<unknown>;
  poll(): Promise<unknown>;
  loadKeys(): Promise<unknown>;
  closeDay(): Promise<unknown>;
  getLastSale(): Promise<unknown>;
  refund(operation: string): Promise<unknown>;
  sale(amount: number, ticket: string, status?: boolean, progress?: (response: unknown) => void): Promise<unknown>;
}
const sdk = z.object({ POSIntegrado: z.custom<new () => Pos>((value) => typeof value === 'function') });
const { POSIntegrado } = sdk.parse(createRequire(import.meta.url)('transbank-pos-sdk'));

let folder: string;
let terminal: OnPty<TransbankTerminal, TransbankInput>;
let pos: Pos;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'codeplate-transbank-'));
  terminal = await onPty(transbankTerminal(), { link: path.join(folder, 'pos') });
  pos = new POSIntegrado();
  await pos.connect(terminal.pty.link);
});

afterEach(async () => {
  await pos.disconnect();
  await terminal.close();
  fs.rmSync(folder, { recursive: true });
});

describe('the virtual Transbank terminal, judged by the maker’s SDK', () => {
  it('answers the poll, loads keys and closes the day', async () => {
    expect(await pos.poll()).toBe(true);
    expect(await pos.loadKeys()).toMatchObject({ functionCode: 810, successful: true, terminalId: '75001087' });
    expect(await pos.closeDay()).toMatchObject({ functionCode: 510, successful: true });
  });

  it('approves a sale', async () => {
    expect(await pos.sale(5100, 'T1')).toMatchObject({
      functionCode: 210,
      responseCode: 0,
      responseMessage: 'Aprobado',
      successful: true,
      commerceCode: 597029414300,
      ticket: '0000T1',
      amount: 5100,
      authorizationCode: 'A00001',
      last4Digits: 42,
      operationNumber: '000001',
      cardType: 'CR',
    });
    expect(balanceFen(terminal.state.bank.book)).toBe(5100);
  });

  it('reports progress while a sale runs', async () => {
    const seen: unknown[] = [];
    terminal.input({ kind: 'usually', payment: { kind: 'approve', cardMs: 400, bankMs: 200 } });
    await pos.sale(5100, 'T1', true, (response) => seen.push(response));
    expect(seen).toMatchObject([{ responseCode: 78 }, { responseCode: 82 }]);
  });

  it.each([
    [{ kind: 'decline' } as const, 1, 0],
    [{ kind: 'cancel' } as const, 7, 0],
    [{ kind: 'bank-silent', moved: true } as const, 2, 5100],
    [{ kind: 'bank-silent', moved: false } as const, 2, 0],
  ])('says no as the SDK expects it: %o', async (payment, responseCode, balance) => {
    terminal.input({ kind: 'pays', payments: [payment] });
    expect(await pos.sale(5100, 'T1')).toMatchObject({ responseCode, successful: false, amount: 5100 });
    expect(balanceFen(terminal.state.bank.book)).toBe(balance);
  });

  it('keeps the last sale, and only what was approved', async () => {
    expect(await pos.getLastSale()).toMatchObject({ functionCode: 260, responseCode: 11 });
    await pos.sale(5100, 'T1');
    terminal.input({ kind: 'pays', payments: [{ kind: 'decline' }] });
    await pos.sale(7700, 'T2');
    expect(await pos.getLastSale()).toMatchObject({ responseCode: 0, ticket: '0000T1', amount: 5100 });
  });

  it('takes a sale back once', async () => {
    await pos.sale(5100, 'T1');
    expect(await pos.refund('000001')).toMatchObject({ functionCode: 1210, successful: true });
    expect(await pos.refund('000001')).toMatchObject({ successful: false });
    expect(balanceFen(terminal.state.bank.book)).toBe(0);
  });
});
