/**
 * Explains a decline by the bank's two-character code (ISO 8583, field 39, as UnionPay uses it), in a sentence that helps
 * the cashier.
 *
 * Codes that leave the outcome open (68, 98, 96, …) are not in this table: after those a driver queries, and the sale is
 * `unknown` until it has an answer.
 */

export interface BankCodeText {
  readonly zh: string;
  readonly en: string;
}

const line = (zh: string, en: string): BankCodeText => ({ zh, en });

const OTHER_CARD = line('此卡不能用，请顾客换卡或换付款方式', 'this card cannot be used: ask for another card');
const KEEP = line(
  '发卡行要求停用此卡，请顾客联系发卡行',
  'the issuer has stopped this card: the customer should call it',
);
const TRY_LATER = line('银行系统暂时不可用，请稍后再试', "the bank's system is unavailable: try again later");
const SERVICE = line('收单设置有误，请联系收单行', "the terminal's setup is wrong: call the acquiring bank");
const TOO_MANY_PINS = line('密码错误次数过多，请换卡', 'the PIN was wrong too often: ask for another card');

const LINES: ReadonlyMap<string, BankCodeText> = new Map([
  ['01', line('发卡行未批准，请顾客联系发卡行', 'the issuer did not approve: the customer should call it')],
  ['03', SERVICE],
  ['04', KEEP],
  ['05', line('发卡行未批准，请顾客换卡', 'the issuer did not approve: ask for another card')],
  ['07', KEEP],
  ['12', line('银行不接受这笔交易，请换卡', 'the bank does not take this transaction: ask for another card')],
  ['13', line('金额不被接受，请核对金额', 'the amount was not accepted: check it')],
  ['14', line('卡号无效，请换卡', 'the card number is invalid: ask for another card')],
  ['25', line('银行找不到原交易，请联系收单行', 'the bank cannot find the original: call the acquiring bank')],
  ['30', SERVICE],
  ['38', TOO_MANY_PINS],
  ['40', line('发卡行不支持这种交易，请换卡', 'the issuer does not support this: ask for another card')],
  ['41', KEEP],
  ['43', KEEP],
  ['51', line('余额不足，请换卡或换付款方式', 'insufficient funds: ask for another card')],
  ['54', line('卡已过期，请换卡', 'the card has expired: ask for another one')],
  ['55', line('密码错误，请顾客重新输入', 'wrong PIN: let the customer try again')],
  ['57', OTHER_CARD],
  ['58', SERVICE],
  ['59', OTHER_CARD],
  ['61', line('超过此卡单笔限额，请换卡', "over this card's limit for one payment: ask for another card")],
  ['62', OTHER_CARD],
  ['65', line('此卡今日交易次数已满，请换卡', 'this card has paid too often today: ask for another card')],
  ['75', TOO_MANY_PINS],
  ['77', line('终端需要重新签到，请在读卡器上签到', 'the terminal must sign on again: do it at the reader')],
  ['90', TRY_LATER],
  ['91', TRY_LATER],
  ['92', TRY_LATER],
  ['94', line('银行认为交易重复，请先查询', 'the bank considers it a duplicate: query its state first')],
  ['96', TRY_LATER],
  ['97', line('终端未登记，请联系收单行', 'the terminal is not registered: call the acquiring bank')],
  ['99', line('密码格式错误，请重试', 'the PIN came in a wrong form: try again')],
  ['A0', line('终端校验失败，请重新签到', "the terminal's check failed: sign on again")],
]);

/** undefined: a code of the reader's own, or one that this table lacks. */
export const bankCodeText = (code: string): BankCodeText | undefined => LINES.get(code.trim().toUpperCase());
