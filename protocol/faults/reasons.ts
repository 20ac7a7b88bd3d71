/**
 * The registry of reasons why a coupon was not taken or not issued.
 *
 * No coupon is never a dead end: the sale goes on at full price, and the sentence says what a cashier can do. A code once
 * used is retired, never reused.
 */
export interface Reason {
  /** The counter's text; `sentence` fills in `{missing}`, `{face}`, `{opens}` and `{closes}`. */
  readonly zh: string;
  readonly en: string;
  /** The text without placeholders, used when a value is unknown; only for sentences that have placeholders. */
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
    zh: '此券不能在这种柜台使用，请顾客出示另一张券，或按原价收款',
    en: 'This coupon is not for this kind of counter: ask for another one, or charge the full price',
  },
  'plate-cap': {
    zh: '这一笔会超出静态码牌的当日限额，请顾客出示付款码',
    en: 'This payment goes beyond the daily cap of the static plate: ask the customer to show the code',
  },
  'split-order': {
    zh: '疑似拆单，本次不能用券，按原价收款',
    en: 'Looks like one order split into several: no coupon this time, full price',
  },
  'already-used': { zh: '此消费券已使用，按原价收款', en: 'This coupon has been used; full price' },
  'usable-later': {
    zh: '退回的消费券尚不能用，次日起可用，按原价收款',
    en: 'The coupon came back from a refund and is usable from the next day on; full price',
  },
  'coupon-reserved': {
    zh: '此消费券正用于另一笔付款，按原价收款',
    en: 'This coupon is in use in another payment; full price',
  },
  // -- the presentation
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
    zh: '消费券码已过时，请顾客刷新；仍不行请校准手机时间',
    en: 'The coupon code is too old: refresh it; if that does not help, the phone clock is behind and must be set right',
  },
  'phone-clock-ahead': {
    zh: '顾客手机时间不准（偏快），请校准后刷新',
    en: "The customer's phone clock is ahead: set it right and refresh the code",
  },
  'presentation-replayed': {
    zh: '此码已出示过，请顾客刷新',
    en: 'This very code was shown before: ask the customer to refresh it',
  },
  'payment-code-expired': {
    zh: '付款码已过时，请顾客刷新付款码；仍不行请校准手机时间',
    en: 'The payment code is too old: refresh it; if that does not help, the phone clock is behind and must be set right',
  },
  'payment-code-used': {
    zh: '此付款码已用于另一笔交易，请顾客等付款码更新后再出示',
    en: 'This payment code was used for another sale: ask the customer to wait for the next one, at most 30 s',
  },
  'payment-code-wrong': {
    zh: '付款码无效，请顾客重新打开付款码，或按原价收款',
    en: 'This payment code is not valid: ask the customer to open it anew, or full price',
  },
  'payment-code-old': {
    zh: '此付款码是旧版固定码，已停用，请顾客打开领券应用更新后再出示',
    en: 'This is a fixed code of an earlier version, no longer taken: ask the customer to open the coupon app once, then show the new code',
  },
  'counter-over-limit': {
    zh: '本机或本店用券过于频繁，已暂停用券，按原价收款，请联系主办方',
    en: 'This counter or merchant has taken too many coupons in a short time: full price, and call the organiser',
  },
  'too-many-wrong-codes': {
    zh: '本机错误付款码过多，已暂停识别付款码，请顾客出示消费券码，或按原价收款',
    en: 'Too many wrong payment codes at this counter: ask for the coupon code instead, or full price',
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
  'offline-sync-too-old': {
    zh: '离线时间过长，请恢复网络，此前按原价收款',
    en: 'Too long since the last sync: restore the line, full price until then',
  },
  'offline-bundle-missing': {
    zh: '缺少活动数据，请恢复网络，此前按原价收款',
    en: 'No campaign data on this counter yet: restore the line, full price until then',
  },
  'offline-needs-update': {
    zh: '本机程序版本过旧，断网时不能用券：请恢复网络并更新程序，此前按原价收款',
    en: 'This program is too old to take coupons of this campaign offline: restore the line and update it, full price until then',
  },
  'no-trusted-time': {
    zh: '本机时间不可信，请恢复网络，此前按原价收款',
    en: 'This counter cannot trust its clock: restore the line, full price until then',
  },
  'device-not-admitted': {
    zh: '本机已停用消费券，请联系收单行，按原价收款',
    en: 'This device may take no coupons any more: call the bank; full price',
  },
  'device-of-another-merchant': {
    zh: '本机登记在另一商户名下，请联系收单行，按原价收款',
    en: 'This device is registered for another merchant: call the bank; full price',
  },
  'journal-failed': {
    zh: '本机存储故障，暂停用券：可按原价收款，并请报修',
    en: 'Storage of this counter has failed, no coupons: charge the full price, and call service',
  },
  'other-reason': {
    zh: '本次不能用券（原因本机不识，请更新程序），按原价收款',
    en: 'No coupon, for a reason that this version does not know: full price, and update the program',
  },
  'lease-expired': { zh: '等待过久，请重新扫码', en: 'Waited too long: scan again' },
  // -- campaigns of format 2
  'campaign-stopped': { zh: '本活动已紧急停用，按原价收款', en: 'The campaign has been stopped; full price' },
  'holder-barred': { zh: '该顾客不能参加本活动，按原价收款', en: 'This customer may not take part; full price' },
  'coupon-frozen': {
    zh: '此消费券已冻结，请顾客联系主办方，按原价收款',
    en: 'This coupon is frozen: the customer asks the organiser; full price',
  },
  'coupon-not-here': {
    zh: '此券不能在本店使用，请顾客出示另一张券，或按原价收款',
    en: 'This coupon is not for this merchant: ask for another one, or charge the full price',
  },
  'code-kind-not-taken': {
    zh: '此券不支持这种付款码，请顾客换一种付款码，或按原价收款',
    en: 'This coupon does not go with this kind of code: ask for another code, or charge the full price',
  },
  'other-wallet': {
    zh: '请顾客打开发券的钱包应用，出示其中的付款码',
    en: 'Please ask for the code of the wallet app that gave out the coupon',
  },
  'issuer-unknown': {
    zh: '无法确认发卡行，此券限指定银行卡使用，按原价收款',
    en: 'The bank of the card is not known, and this coupon is for cards of one bank; full price',
  },
  'card-of-another-bank': {
    zh: '此券限指定银行的卡使用，请顾客换卡，或按原价收款',
    en: 'This coupon is for cards of another bank: ask for another card, or charge the full price',
  },
  'needs-the-line': {
    zh: '此券须联网验证后才能使用，请恢复网络，此前按原价收款',
    en: 'This coupon needs the line to the gateway: restore it, full price until then',
  },
  'person-day-limit': {
    zh: '该顾客今日用券次数已满，明日可再用，按原价收款',
    en: 'This customer has used all coupons of a day: again tomorrow; full price',
  },
  'person-shop-limit': {
    zh: '该顾客在本店用券次数已满，按原价收款',
    en: 'This customer has used all coupons that one person may at this merchant; full price',
  },
  'coupon-day-limit': {
    zh: '此优惠今日名额已用完，按原价收款',
    en: "Today's number of these coupons is used up; full price",
  },
  'merchant-day-limit': {
    zh: '本店今日用券张数已满，按原价收款',
    en: 'This merchant has taken all coupons of a day; full price',
  },
  'day-budget-spent': { zh: '活动今日资金已用完，按原价收款', en: "Today's budget is spent; full price" },
  'merchant-budget-spent': {
    zh: '本店的活动资金已用完，按原价收款',
    en: "This merchant's part of the budget is spent; full price",
  },
  'category-budget-spent': {
    zh: '本行业的活动资金已用完，按原价收款',
    en: "This trade's part of the budget is spent; full price",
  },
  'another-coupon-chosen': {
    zh: '本次使用了另一张消费券，请留待下次使用',
    en: 'Another coupon comes off this payment: please keep this one for the next',
  },
  // -- claiming
  'budget-exhausted': {
    zh: '剩余活动资金不足以再发一张该面额的券，请看看较小的面额',
    en: 'What is left of the budget is less than this coupon: try a smaller one',
  },
  'claim-not-open': {
    zh: '领券尚未开始，请于{opens}（活动当地时间）起领取',
    en: 'Claiming opens at {opens}, local time of the campaign: come back then',
    bare: { zh: '领券尚未开始，请在开始后领取', en: 'Claiming has not opened: come back later' },
  },
  'claim-closed': { zh: '活动已经结束，不再发券', en: 'The campaign is over: no more coupons are given out' },
  'outside-area': {
    zh: '您的位置不在活动区域内，请到活动区域后再领取',
    en: 'Your position is outside the campaign area: claim once you are there',
  },
  'position-missing': {
    zh: '没有收到您的位置，请允许应用使用定位后再领取',
    en: 'Your position did not come along: let the app use it, and claim again',
  },
  'tier-gone': { zh: '该面额已领完，请看看其他面额', en: 'This tier is gone: try another one' },
  'already-claimed': {
    zh: '该面额您已领满，请到领取时所用的手机上查看；若非本人领取，请联系主办方',
    en: 'You have claimed all that one person may of this tier: look on the phone you did it with; if it was not you, tell the organiser',
  },
  'wallet-of-another': {
    zh: '此手机钱包登记的身份与填写的不一致，请核对，或用本人手机领取',
    en: 'This wallet is registered under other particulars: check them, or claim with your own phone',
  },
  'unknown-tier': {
    zh: '本活动没有这种面额，请刷新后重新选择',
    en: 'There is no such tier: refresh, and choose again',
  },
  'invalid-phone': {
    zh: '手机号不正确，请填写11位的中国大陆手机号',
    en: 'Not a valid mobile number: give the 11 digits of one of mainland China',
  },
  'invalid-id-card': {
    zh: '身份证号不正确，请核对18位公民身份号码',
    en: 'Not a valid ID-card number: check all 18 characters',
  },
  'invalid-device': {
    zh: '无法识别您的手机，请允许应用读取设备标识，或更新应用后再领取',
    en: 'The phone gives no number of its own: let the app read the device identifier, or update the app, and claim again',
  },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[];
