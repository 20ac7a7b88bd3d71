/** The counter's announcements in number words, because modules read "51.00" differently from firmware to firmware. */
import type { Fen } from '#protocol/kernel/money.js';

const DIGITS = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'] as const;
const PLACES = ['', '十', '百', '千'] as const;
const GROUPS = ['', '万', '亿'] as const;

/** 收款五十一元: the amount that the customer paid. */
export const paidWords = (netFen: Fen): string => `收款${moneyWords(netFen)}`;
/** 已优惠二十元: the coupon's face. */
export const savedWords = (discountFen: Fen): string => `已优惠${moneyWords(discountFen)}`;
/** 退款五十一元. */
export const refundedWords = (netFen: Fen): string => `退款${moneyWords(netFen)}`;

/** The whole sentence of a settled sale; without a coupon only the amount paid. */
export const saleWords = (netFen: Fen, discountFen: Fen): string =>
  discountFen > 0 ? `${paidWords(netFen)}，${savedWords(discountFen)}` : paidWords(netFen);

/** 5105 fen -> 五十一元零五分. Throws RangeError below zero: nobody announces a debt. */
export function moneyWords(amount: Fen): string {
  if (!(amount >= 0)) throw new RangeError(`${amount} fen cannot be said`);
  const yuan = Math.floor(amount / 100);
  const jiao = Math.floor(amount / 10) % 10;
  const fen = amount % 10;
  const jiaoWords = jiao > 0 ? `${DIGITS[jiao]}角` : '';
  const fenWords = fen > 0 ? `${DIGITS[fen]}分` : '';
  if (yuan === 0) return jiaoWords + fenWords || '零元';
  const gap = jiao === 0 && fen > 0 ? '零' : '';
  return `${numberWords(yuan)}元${jiaoWords}${gap}${fenWords}`;
}

/** A whole number up to 9,999 亿, in groups of four digits. */
function numberWords(number: number): string {
  let words = '';
  let rest = number;
  for (const name of GROUPS) {
    if (rest === 0) break;
    const group = rest % 10_000;
    rest = Math.floor(rest / 10_000);
    // One 零 stands for any number of zeros between two spoken digits: 一万零一, 十万零二十.
    if (group > 0) words = groupWords(group) + name + (words !== '' && needsZero(number, name) ? '零' : '') + words;
  }
  return words.startsWith('一十') ? words.slice(1) : words;
}

/** True where the part below this group's unit begins with a zero. */
function needsZero(number: number, name: (typeof GROUPS)[number]): boolean {
  const unit = 10_000 ** GROUPS.indexOf(name);
  const below = number % unit;
  return below > 0 && below < unit / 10;
}

function groupWords(group: number): string {
  let words = '';
  let zero = false;
  for (let place = 3; place >= 0; place--) {
    const digit = Math.floor(group / 10 ** place) % 10;
    if (digit === 0) {
      zero = words !== '';
      continue;
    }
    words += `${zero ? '零' : ''}${DIGITS[digit]}${PLACES[place]}`;
    zero = false;
  }
  return words;
}
