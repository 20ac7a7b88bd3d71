/**
 * The cause of an offline period, for the log, `/v1/health` and the screen.
 *
 * A cause is logged at once, and again once a minute while it lasts: an installer reads it, and a long outage doesn't fill
 * the card.
 */
import type { UplinkFaultCode } from '#protocol/faults/errors/line.js';
import { type Instant, later, type Millis, type MonoMs } from '#protocol/kernel/time.js';

export interface UplinkFault {
  readonly code: UplinkFaultCode;
  /** Details in English for the log: addresses and the libraries' words, never a secret. */
  readonly what: string;
}

export const SAID_AGAIN_MS: Millis = 60_000;

export interface UplinkTrouble {
  readonly fault: UplinkFault;
  /** Start of the offline period. */
  readonly since: MonoMs;
  /** When each cause was last logged, so that two alternating causes aren't logged each time. */
  readonly said: ReadonlyMap<UplinkFaultCode, MonoMs>;
}

/** `isNews`: log it now. */
export function withFault(
  before: UplinkTrouble | undefined,
  fault: UplinkFault,
  { mono }: Instant,
): { readonly trouble: UplinkTrouble; readonly isNews: boolean } {
  const last = before?.said.get(fault.code);
  const isNews = last === undefined || mono >= later(last, SAID_AGAIN_MS);
  const said = isNews ? new Map(before?.said).set(fault.code, mono) : (before?.said ?? new Map());
  return { trouble: { fault, since: before?.since ?? mono, said }, isNews };
}

/** For the person at the counter: the cause in a few words, for use in brackets or after a colon. */
export const UPLINK_WORDS: Readonly<Record<UplinkFaultCode, { readonly zh: string; readonly en: string }>> = {
  LINE_REFUSED: { zh: '网关没有在这个地址运行', en: 'no gateway at this address' },
  LINE_NAME_UNKNOWN: {
    zh: '找不到网关的域名，请检查网络设置',
    en: "the gateway's name is not known: check the network",
  },
  LINE_UNREACHABLE: { zh: '没有网络，请检查网线或流量卡', en: 'no network: check the cable or the SIM card' },
  LINE_TIMEOUT: { zh: '网关没有回应，请检查网络', en: 'the gateway does not answer: check the network' },
  LINE_NOT_ADMITTED: { zh: '设备名或密码不对，请联系收单行', en: 'wrong device name or password: call the bank' },
  LINE_VERSION_REFUSED: {
    zh: '地址上不是本系统的网关，请联系收单行',
    en: 'no gateway of ours at this address: call the bank',
  },
  LINE_AUTHORITY_UNKNOWN: {
    zh: '不信任网关的证书，请联系收单行',
    en: "the gateway's certificate is not trusted: call the bank",
  },
  LINE_HOST_NAME_DIFFERS: {
    zh: '网关证书与地址不符，请联系收单行',
    en: "the gateway's certificate is for another name: call the bank",
  },
  LINE_CERTIFICATE_EXPIRED: {
    zh: '网关证书已过期，请检查本机时间，再联系收单行',
    en: "the gateway's certificate has expired: check this machine's clock, then call the bank",
  },
  LINE_CERTIFICATE_NOT_YET_VALID: { zh: '本机时间不对，请校准时间', en: "this machine's clock is wrong: set it" },
  LINE_CERTIFICATE_REFUSED: {
    zh: '网关不接受本机证书，请联系收单行',
    en: "this counter's certificate is not accepted: call the bank",
  },
  LINE_NEEDS_TLS: { zh: '网关要求加密连接，请联系收单行', en: 'the gateway wants TLS: call the bank' },
  LINE_WITHOUT_TLS: { zh: '网关端口不支持加密，请联系收单行', en: 'the gateway speaks no TLS there: call the bank' },
  LINE_TLS_FAILED: { zh: '加密连接失败，请联系收单行', en: 'TLS failed: call the bank' },
  LINE_SUBSCRIPTION_REFUSED: {
    zh: '网关拒绝了本机，请联系收单行',
    en: 'the gateway refuses this counter: call the bank',
  },
  LINE_CLOSED: { zh: '连接被网关关闭', en: 'the gateway closed the connection' },
  LINE_SILENT: { zh: '连接中断，正在重连', en: 'the connection went silent and is being rebuilt' },
  LINE_UNANSWERED: { zh: '网关没有应答，请联系收单行', en: 'the gateway does not answer: call the bank' },
  LINE_BROKEN: { zh: '连接失败，正在重连', en: 'the connection failed and is being rebuilt' },
};
