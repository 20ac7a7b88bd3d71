/** The server of a wallet app: it knows its customers, and says so to the gateway in a signed statement for each phone. */
import type { Random } from '#device/ports/clock.js';
import { normalIdCard, normalPhone, normalPhoneId } from '#protocol/campaign/claim-rules.js';
import { base64url } from '#protocol/codes/bit-text.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { SignedClaim } from '#protocol/messages/claim-request.js';
import { signStatement, type WalletProof } from '#protocol/messages/identity-proof.js';
import { hmacSha256 } from '#protocol/node/crypto.js';
import type { Identity } from './identities.js';
import type { Wallet } from './wallet.js';

/** Long enough for a slow phone, short enough that a stolen one is worth little. */
const STATEMENT_MS = 10 * 60_000;
const KEY_BYTES = 32;

export class WalletServer {
  readonly #signer: Es256Signer;
  readonly #random: Random;

  constructor(signer: Es256Signer, random: Random) {
    this.#signer = signer;
    this.#random = random;
  }

  /** As gateway.yaml names it in `claims.walletKeys`. */
  get publicKey(): string {
    return base64url.encode(this.#signer.publicKey);
  }

  /** A customer's claim, with this server's word. */
  claimOf(
    wallet: Wallet,
    {
      campaign,
      tiers,
      nowMs,
    }: { readonly campaign: CampaignId; readonly tiers: readonly string[]; readonly nowMs: number },
  ): SignedClaim {
    const { publicKey } = wallet.signer;
    const proof = this.statement(wallet.identity, { campaign, publicKey, nowMs });
    return wallet.claimRequest(tiers, { campaign, nowMs, proof });
  }

  /** For a customer whom it knows: all three numbers are proved. */
  statement(
    { phone, idCard, device }: Identity,
    {
      campaign,
      publicKey,
      nowMs,
    }: { readonly campaign: CampaignId; readonly publicKey: Uint8Array; readonly nowMs: number },
  ): WalletProof {
    const key = Uint8Array.from(this.#random.hex(KEY_BYTES).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    return signStatement(
      {
        campaign,
        publicKey: base64url.encode(publicKey),
        identifiers: { phone: normalPhone(phone), idCard: normalIdCard(idCard), device: normalPhoneId(device) },
        expiresAt: wallMs(nowMs + STATEMENT_MS),
      },
      { key, signer: this.#signer, hmac: hmacSha256 },
    );
  }
}
