/** From a sale's receipt effect to the bytes of the printer that is configured: facts, document, stream. */
import { zoneOf } from '#protocol/campaign/calendar.js';
import { utcText } from '#protocol/campaign/clock-text.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { CardSlip } from '#protocol/records/record.js';
import type { WallMs } from '#protocol/time.js';
import { type ReceiptFacts, type ReceiptLanguage, receiptDocument } from './core/receipt.js';
import type { SaleEffect } from './core/sale.js';
import { reasonLine } from './core/sale-view.js';
import { renderReceipt } from './drivers/printers/index.js';
import type { PrinterModel } from './drivers/printers/printer.js';
import type { Log } from './ports/log.js';

type ReceiptEffect = Extract<SaleEffect, { kind: 'receipt' }>;

export interface ReceiptSettings {
  readonly model: PrinterModel;
  readonly language: ReceiptLanguage;
  /** Printed until the campaign's own list is here. */
  readonly merchantName: string;
  readonly campaign: () => Campaign | undefined;
  readonly log: Log;
}

export function receiptTypesetter(
  settings: ReceiptSettings,
): (effect: ReceiptEffect, copy: 'original' | 'reprint') => Uint8Array {
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

function factsOf(effect: ReceiptEffect, copy: 'original' | 'reprint', settings: ReceiptSettings): ReceiptFacts {
  const { facts, settlement, slip } = effect;
  const { charge } = settlement;
  const campaign = settings.campaign();
  const common = {
    copy,
    receipt: effect.receipt,
    merchant: campaign?.merchants.find((merchant) => merchant.id === facts.merchant)?.name ?? settings.merchantName,
    device: facts.device,
    order: facts.order,
    time: timeOf(effect, campaign),
    netFen: charge.netFen,
    card: { scheme: slip.scheme, last4: slip.last4, auth: slip.auth, rrn: slip.rrn },
    campaign: campaign === undefined ? null : { name: campaign.name, line: campaign.receiptLine },
  };
  if (effect.of === 'refund') {
    return {
      ...common,
      kind: 'refund',
      original: settlement.receipt,
      coupon:
        charge.coupon === null ? null : { faceFen: charge.coupon.faceFen, rule: campaign?.refund ?? 'stays-used' },
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

function timeOf({ when, slip }: ReceiptEffect, campaign: Campaign | undefined): string | null {
  return when === null ? readerTime(slip) : localText(when.earliest, campaign);
}

function localText(at: WallMs, campaign: Campaign | undefined): string {
  return utcText(zoneOf(campaign?.window.timeZone ?? 'Asia/Shanghai')?.local(at) ?? at);
}

/**
 * Where this box trusts no clock the card reader's is printed, which its bank keeps right; the operating system's may be
 * of 1970. null: the reader told none either, and the receipt says so.
 */
function readerTime({ readerTime: time }: CardSlip): string | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(time) ?? [];
  return year === undefined ? null : `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}
