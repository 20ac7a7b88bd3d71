/**
 * Why a coupon was not taken, or not handed out. No coupon is never a dead end: the sale goes on at full price, and the
 * sentence says what a cashier can do. A code once used is retired, never reused.
 */
export interface Reason {
  /** What the counter shows; `{missing}`, `{face}`, `{opens}` and `{closes}` are filled in by `sentence`. */
  readonly zh: string;
  readonly en: string;
  /** Shown instead where what belongs into the sentence isn't known; only where the sentence has a place to fill. */
  readonly bare?: { readonly zh: string; readonly en: string };
}

export const REASONS = {
  // -- the campaign's rules
  'no-coupon-held': { zh: '顾客没有可用的消费券，按原价收款', en: 'The customer holds no usable coupon; full price' },
  'below-threshold': {
    zh: '未达到消费券门槛，再买{missing}元可减{face}元',
    en: 'Below the threshold: {missing} yuan more takes {face} yuan off',
    bare: { zh: '未达到消费券门槛，按原价收款', en: 'Below the threshold of every coupon held; full price' },
  },
  'before-campaign': { zh: '活动尚未开始，按原价收款', en: 'The campaign has not begun; full price' },
  'after-campaign': { zh: '活动已经结束，按原价收款', en: 'The campaign is over; full price' },
  'outside-hours': {
    zh: '不在用券时间内（{opens}至{closes}），按原价收款',
    en: 'Coupons are taken from {opens} to {closes} only; full price',
    bare: { zh: '不在用券时间内，按原价收款', en: 'Outside the hours in which coupons are taken; full price' },
  },
  'merchant-not-listed': {
    zh: '本店不在活动商户名单内，按原价收款',
    en: 'This merchant is not on the campaign list; full price',
  },
  'mode-not-allowed': {
    zh: '此券不能这样使用，请顾客出示付款码',
    en: 'Not in this way: ask the customer to show the code',
  },
  'plate-cap': {
    zh: '静态码牌当日限额已满，请顾客出示付款码',
    en: 'Daily cap of the static plate reached: ask the customer to show the code',
  },
  'split-order': {
    zh: '疑似拆单，本次不能用券，按原价收款',
    en: 'Looks like one order split into several: no coupon this time, full price',
  },
  'already-used': { zh: '此消费券已使用，按原价收款', en: 'This coupon has been used; full price' },
  'coupon-reserved': {
    zh: '此消费券正用于另一笔付款，按原价收款',
    en: 'This coupon is in use in another payment; full price',
  },
  // -- what the customer showed
  'wrong-wallet-app': { zh: '请使用云闪付付款码', en: 'Please use the UnionPay QuickPass (云闪付) code' },
  'code-unknown': {
    zh: '无法识别此码，请顾客出示云闪付付款码或消费券码',
    en: 'This code is not known: ask for the UnionPay QuickPass code or the coupon code',
  },
  'presentation-malformed': {
    zh: '消费券码不完整，请顾客刷新后重试',
    en: 'The coupon code is damaged: refresh it and try again',
  },
  'presentation-forged': {
    zh: '消费券码签名无效，请顾客出示其他码，或按原价收款',
    en: 'The signature of the coupon code is not valid: another code, or full price',
  },
  'presentation-stale': {
    zh: '消费券码已过期，请顾客刷新',
    en: 'The coupon code is too old: ask the customer to refresh it',
  },
  'phone-clock-ahead': {
    zh: '顾客手机时间不准（偏快），请校准后刷新',
    en: "The customer's phone clock is ahead: set it right and refresh the code",
  },
  'presentation-replayed': {
    zh: '此码已出示过，请顾客刷新',
    en: 'This very code was shown before: ask the customer to refresh it',
  },
  'grant-expired': { zh: '消费券已过期，按原价收款', en: 'The coupon has expired; full price' },
  'other-campaign': {
    zh: '此券属于其他活动，请顾客出示本活动的券，或按原价收款',
    en: "This coupon belongs to another campaign: one of this campaign's, or full price",
  },
  // -- line and device
  'gateway-unreachable': {
    zh: '网络不通，付款码无法验券，按原价收款',
    en: 'The line is down and a payment code cannot be checked; full price',
  },
  'offline-not-permitted': {
    zh: '网络不通，本活动不支持离线用券，按原价收款',
    en: 'The line is down and this campaign takes no coupons offline; full price',
  },
  'offline-allowance-spent': {
    zh: '离线用券额度已用完，按原价收款，请恢复网络',
    en: 'The offline allowance is used up; full price until the line is back',
  },
  'offline-holder-limit': {
    zh: '该顾客离线用券次数已满，按原价收款',
    en: 'This customer has reached the offline limit; full price',
  },
  'offline-sync-too-old': { zh: '离线时间过长，请恢复网络', en: 'Too long since the last sync: restore the line' },
  'offline-bundle-missing': {
    zh: '缺少活动数据，请恢复网络',
    en: 'No campaign data on this counter yet: restore the line',
  },
  'no-trusted-time': { zh: '本机时间不可信，请恢复网络', en: 'This counter cannot trust its clock: restore the line' },
  'device-not-admitted': { zh: '本机未获授权，请联系收单行', en: 'This device is not admitted: call the bank' },
  'journal-failed': {
    zh: '本机存储故障，暂停用券：可按原价收款，并请报修',
    en: 'Storage of this counter has failed, no coupons: charge the full price, and call service',
  },
  'lease-expired': { zh: '等待过久，请重新扫码', en: 'Waited too long: scan again' },
  // -- claiming
  'budget-exhausted': { zh: '活动资金已用完，不再发券', en: 'The campaign budget is used up: no more coupons' },
  'claim-not-open': { zh: '领券尚未开始', en: 'Claiming has not opened' },
  'claim-closed': { zh: '领券已经结束', en: 'Claiming is over' },
  'outside-area': { zh: '您不在活动区域内', en: 'You are not in the campaign area' },
  'tier-gone': { zh: '该面额已领完', en: 'This tier is gone' },
  'already-claimed': { zh: '每人每种面额限领一张', en: 'One coupon of each tier per person' },
  'wallet-of-another': {
    zh: '此手机钱包已登记他人身份，请用本人手机领取',
    en: 'This wallet is registered to somebody else: claim with your own phone',
  },
  'unknown-tier': { zh: '没有这种面额', en: 'There is no such tier' },
  'invalid-phone': { zh: '手机号不正确', en: 'Not a valid mobile number' },
  'invalid-id-card': { zh: '身份证号不正确', en: 'Not a valid ID-card number' },
  'invalid-device': { zh: '设备号不正确', en: 'Not a valid device number' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[];
