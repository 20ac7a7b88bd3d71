/** A wallet's claim at a real gateway, and the ways in which it shows whose it is. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { base64url } from '#protocol/codes/bit-text.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { err, type Result } from '#protocol/kernel/result.js';
import { type ClaimAnswer, challengeAnswerSchema } from '#protocol/messages/claim-request.js';
import type { IdentityProof } from '#protocol/messages/identity-proof.js';
import type { Wallet } from './wallet.js';
import type { WalletServer } from './wallet-server.js';

/** A phone gives up after this long; at 09:00:00 a whole district asks at once. */
const CLAIM_TIMEOUT_MS = 15_000;

export interface ClaimPlace {
  /** The gateway's base URL. */
  readonly gateway: string;
  readonly campaign: CampaignId;
  /** By the phone's clock. */
  now(): number;
}

/** How this wallet shows whose it is; rejects where it can't. */
export type Prover = (wallet: Wallet, place: ClaimPlace) => Promise<IdentityProof>;

/** Never throws: what went wrong is in the fault, in words. */
export async function claimOverHttp(
  place: ClaimPlace,
  wallet: Wallet,
  tiers: readonly string[],
  prove: Prover,
): Promise<Result<ClaimAnswer, string>> {
  try {
    const proof = await prove(wallet, place);
    const claim = wallet.claimRequest(tiers, { campaign: place.campaign, nowMs: place.now(), proof });
    const { status, answer } = await post(place, '/v1/claims', claim);
    const taken = wallet.takeAnswer(answer);
    return taken.ok ? taken : err(refusalOf(status, answer, taken.fault));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

export const byWalletServer =
  (server: WalletServer): Prover =>
  async (wallet, { campaign, now }) =>
    server.statement(wallet.identity, { campaign, publicKey: wallet.signer.publicKey, nowMs: now() });

/** `read`: the code that came to the phone. */
export const bySms =
  (read: (phone: string) => Promise<string>): Prover =>
  async (wallet, place) => {
    const { phone } = wallet.identity;
    const publicKey = base64url.encode(wallet.signer.publicKey);
    const { status, answer } = await post(place, '/v1/claims/challenge', { phone, publicKey });
    const parsed = challengeAnswerSchema.safeParse(answer);
    if (!parsed.success) throw new Error(refusalOf(status, answer, 'no challenge'));
    return { kind: 'sms', challenge: parsed.data.challenge, code: await read(phone) };
  };

/** The body of a gateway's outright refusal. */
const refusal = z.object({ code: z.string(), en: z.string() });

/** `fault`: what is wrong with an answer that is no refusal of a gateway either. */
function refusalOf(status: number, answer: unknown, fault: string): string {
  const { data } = refusal.safeParse(answer);
  if (data !== undefined) return `${data.code}: ${data.en} (HTTP ${status})`;
  return `HTTP ${status}: ${fault}: ${JSON.stringify(answer).slice(0, 300)}`;
}

const line = z.object({ phone: z.string(), text: z.string() });

/** The newest code to this phone, where the gateway writes them into a file (`claims.smsFile`). */
export async function codeInFile(file: string, phone: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const texts = lines.map((text) => line.parse(JSON.parse(text))).filter((message) => message.phone === phone);
  const code = /\d{8}/.exec(texts.at(-1)?.text ?? '')?.[0];
  if (code === undefined) throw new Error(`no code for this phone stands in ${file}`);
  return code;
}

async function post(
  place: ClaimPlace,
  path: string,
  body: object,
): Promise<{ readonly status: number; readonly answer: unknown }> {
  const response = await fetch(new URL(path, place.gateway), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CLAIM_TIMEOUT_MS),
  });
  return { status: response.status, answer: await response.json() };
}
