/** Typesets a sale's receipt for the configured printer: facts, document, byte stream. */
import { zoneOf } from '#protocol/campaign/calendar.js';
import { utcText } from '#protocol/campaign/clock-text.js';
import { type CompiledCampaign, compileCampaign } from '#protocol/campaign/compiled.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { CardSlip } from '#protocol/records/record.js';
import { couponFate } from '../core/receipt/coupon-fate.js';
import { type ReceiptFacts, type ReceiptLanguage, receiptDocument } from '../core/receipt/receipt.js';
import { notMovedLine, reasonLine } from '../core/sale/sale-view.js';
import { renderReceipt } from '../drivers/printers/index.js';
import type { PrinterModel } from '../drivers/printers/printer.js';
import type { Log } from '../ports/log.js';
import type { Printable } from './printing.js';

export interface ReceiptSettings {
  readonly model: PrinterModel;
  readonly language: ReceiptLanguage;
  /** Printed until the campaign's own merchant list has arrived. */
  readonly merchantName: string;
  readonly campaign: () => Campaign | undefined;
  readonly log: Log;
}

export function receiptTypesetter(
  settings: ReceiptSettings,
): (effect: Printable, copy: 'original' | 'reprint') => Uint8Array {
  return (effect, copy) => {
    const document = receiptDocument(factsOf(effect, copy, settings), {
      columns: settings.model.columns,
      language: settings.language,
    });
    const { bytes, replaced } = renderReceipt(document, settings.model);
    if (replaced > 0) settings.log('warn', 'PRINTER_LACKS_CHARACTERS', { receipt: effect.receipt, replaced });
    return bytes;
  };
}

function factsOf(effect: Printable, copy: 'original' | 'reprint', settings: ReceiptSettings): ReceiptFacts {
  const { facts } = effect;
  const charge = effect.kind === 'attempt' ? effect.charge : effect.settlement.charge;
  const campaign = settings.campaign();
  const base = {
    copy,
    receipt: effect.receipt,
    merchant: campaign?.merchants.find((merchant) => merchant.id === facts.merchant)?.name ?? settings.merchantName,
    device: facts.device,
    order: facts.order,
    time: timeOf(effect, campaign),
    netFen: charge.netFen,
    campaign: campaign === undefined ? null : { name: campaign.name, line: campaign.receiptLine },
  };
  if (effect.kind === 'attempt') {
    const { coupon } = charge;
    return {
      ...base,
      kind: 'attempt',
      card: null,
      amountFen: facts.amountFen,
      why: notMovedLine(effect.why),
      coupon: coupon === null ? null : { faceFen: coupon.faceFen },
    };
  }
  const { settlement, slip } = effect;
  const common = { ...base, card: { scheme: slip.scheme, last4: slip.last4, auth: slip.auth, rrn: slip.rrn } };
  if (effect.of === 'refund') {
    return {
      ...common,
      kind: 'refund',
      original: settlement.receipt,
      coupon:
        charge.coupon === null
          ? null
          : {
              faceFen: charge.coupon.faceFen,
              fate: couponFate(campaign && compiled(campaign), {
                netFen: charge.netFen,
                coupon: charge.coupon,
                when: effect.when,
              }),
            },
    };
  }
  return {
    ...common,
    kind: 'sale',
    amountFen: facts.amountFen,
    coupon:
      charge.coupon === null
        ? null
        : {
            faceFen: charge.coupon.faceFen,
            thresholdFen: charge.coupon.thresholdFen,
            offline: charge.coupon.by.kind === 'offline',
          },
    noCoupon: charge.reason === null ? null : reasonLine(charge.reason, charge.next),
  };
}

/** undefined: this box's time zone data is older than the campaign's, so its last day is unknown. */
const compiled = (campaign: Campaign): CompiledCampaign | undefined =>
  zoneOf(campaign.window.timeZone) === undefined ? undefined : compileCampaign(campaign);

function timeOf(effect: Printable, campaign: Campaign | undefined): string | null {
  if (effect.when !== null) return localText(effect.when.earliest, campaign);
  return effect.kind === 'attempt' ? null : readerTime(effect.slip);
}

function localText(at: WallMs, campaign: Campaign | undefined): string {
  return utcText(zoneOf(campaign?.window.timeZone ?? 'Asia/Shanghai')?.local(at) ?? at);
}

/**
 * Without a trusted clock the receipt prints the card reader's time, which its bank keeps right; the operating system's may
 * be in 1970. null: the reader gave none either, and the receipt says so.
 */
function readerTime({ readerTime: time }: CardSlip): string | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(time) ?? [];
  return year === undefined ? null : `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}
