/** A real gateway with a real ledger on disk, and phones that hold its coupons: what the measurements put their load on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#gateway/adapters/system-clock.js';
import { createGatewayLoop, type GatewayLoop } from '#gateway/app/gateway-loop.js';
import { createIssuer } from '#gateway/core/issuer.js';
import { paymentCodes } from '#gateway/core/payment-codes.js';
import { compileRules, type Rules } from '#gateway/ledger/decide/rules.js';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import { aedesBroker } from '#gateway/mqtt/aedes-broker.js';
import { threadVerifier } from '#gateway/signatures/thread-verifier.js';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import { type Campaign, campaignSchema } from '#protocol/campaign/schema.js';
import { holderIdOf, sealPresentation } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { es256Signer, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node/crypto.js';

const COUPONS_PER_HOLDER = 3;
/** Counted as in a real gateway, and never reached. */
const NO_END = { perHour: 1e9, perDay: 1e9 };
const AS_FAST_AS_IT_CAN = { device: NO_END, merchant: NO_END };

interface Running {
  readonly port: number;
  /** Writes so many fresh presentations into a file, of holders who have coupons left. */
  presentations(count: number): Promise<string>;
}

export async function withGateway<Value>(
  folder: string,
  devices: readonly string[],
  use: (running: Running) => Promise<Value>,
  sales: number,
): Promise<Value> {
  const rules = compileRules({
    campaign: benchCampaign(Math.ceil(sales / COUPONS_PER_HOLDER)),
    sha256,
    pace: AS_FAST_AS_IT_CAN,
  });
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const ledger = await openSqliteLedger(join(folder, 'ledger.db'), rules);
  const verifier = threadVerifier({ campaign: rules.campaign.id, issuerKeys: issuer.issuerKeys });
  const known = new Set(devices);
  const isListed = known.has.bind(known);
  const broker = aedesBroker({ host: '127.0.0.1', port: 0, isDevice: isListed, isListed });
  const loop = createGatewayLoop({
    ledger,
    broker,
    verifier,
    clock: systemClock(),
    sha256,
    bundle: () => issuer.bundle(wallMs(Date.now())),
    paymentCodes: paymentCodes((text) => sha256(`bench\n${text}`), hmacSha256),
    campaign: rules.campaign.id,
    allowance: issuer.allowance,
  });
  await called((done) => loop.start(() => done()));
  const signers = Array.from({ length: Math.ceil(sales / COUPONS_PER_HOLDER) }, () =>
    es256Signer(generatePrivateKey()),
  );
  const phones = await Promise.all(
    signers.map(async (signer, at): Promise<Phone> => {
      const serials = await claimAll(loop, rules, signer, at);
      const [grant] = issuer.grants(signer.publicKey, serials);
      if (grant === undefined) throw new Error('a phone was given nothing');
      verifier.issued(grant);
      return { signer, grant };
    }),
  );
  let files = 0;
  try {
    return await use({
      port: broker.port,
      async presentations(count) {
        files += 1;
        const file = join(folder, `shown-${files}.json`);
        const some = phones.splice(0, Math.ceil(count / COUPONS_PER_HOLDER));
        // One each, then the second of each: as far apart as one phone's sales can be.
        const codes = Array.from({ length: COUPONS_PER_HOLDER }, (_, n) =>
          some.map((phone) => show(phone, n + 1)),
        ).flat();
        writeFileSync(file, JSON.stringify(codes.reverse()));
        return file;
      },
    });
  } finally {
    await called((done) => loop.stop(done));
    await called((done) => broker.close(done));
    await called((done) => verifier.close(done));
    await called((done) => ledger.close(done));
  }
}

interface Phone {
  readonly signer: Es256Signer;
  readonly grant: Uint8Array;
}

function show({ signer, grant }: Phone, counter: number): string {
  return sealPresentation({ grantBytes: grant, shownAt: wallMs(Date.now()), nonce: counter }, signer);
}

function claimAll(loop: GatewayLoop, rules: Rules, signer: Es256Signer, at: number): Promise<readonly CouponSerial[]> {
  const identity = { phone: sha256(`p${at}`), idCard: sha256(`i${at}`), device: sha256(`d${at}`) };
  const tiers = rules.campaign.tiers.map(({ id }) => id);
  return new Promise((resolve, reject) => {
    loop.claim(
      { kind: 'claim', holder: holderIdOf(signer.publicKey), identity, proved: ['phone'], tiers, numbers: [] },
      (fault, outcome) => {
        if (outcome?.kind === 'claimed') resolve(outcome.serials);
        else reject(new Error(fault?.message ?? 'no outcome'));
      },
    );
  });
}

/** Open all day, today; as many coupons as are asked for, and otherwise the reference campaign's shape. */
function benchCampaign(holders: number): Campaign {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const tier = (faceFen: number, thresholdFen: number) => ({
    id: `f${faceFen}`,
    faceFen,
    thresholdFen,
    quantity: holders,
    modes: ['customer-code'],
  });
  const example = exampleCampaign();
  return campaignSchema.parse({
    ...example,
    id: 'bench',
    window: { timeZone: 'UTC', firstDay: day, days: 7, opens: '00:00', closes: '24:00' },
    claim: { ...example.claim, opens: { day, time: '00:00' } },
    tiers: [tier(2_000, 10_000), tier(4_000, 20_000), tier(8_000, 30_000)],
    merchants: [{ id: 'm1', name: '商店', category: '超市' }],
    budgetFen: holders * 14_000,
    // A week's worth without a line, for the sync bench.
    offline: { ...example.offline, maxCoupons: 3 * holders, maxFaceFen: holders * 14_000, maxPerHolder: 3 },
  });
}

const called = (call: (done: () => void) => void): Promise<void> => new Promise((resolve) => call(resolve));
