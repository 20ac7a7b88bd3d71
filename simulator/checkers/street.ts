/**
 * What an auditor who trusts no counter and no gateway sees for himself: which devices lie and whose they are, what was asked
 * and answered on the line, which allowances were given, and how often an honest customer's code came into a liar's hands.
 */
import type { DeviceId, HolderId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { AuthorisedMessage } from '#protocol/messages/down.js';
import { parseDown, parseUp } from '#protocol/messages/index.js';
import type { AuthoriseMessage } from '#protocol/messages/up.js';

export interface Reservation {
  readonly asked: AuthoriseMessage;
  readonly answer: Extract<AuthorisedMessage['answer'], { kind: 'reserved' }>;
}

const utf8 = new TextEncoder();

export class Street {
  /** The devices that lie, each with the merchant to whom the bank gave it. */
  readonly liars: ReadonlyMap<DeviceId, MerchantId>;
  /** True where nothing ever goes wrong: what is promised to be prompt is measured there. */
  readonly isCalm: boolean;
  /** What the gateway gives each reservation. */
  readonly leaseMs: number;
  readonly #partners = new Set<HolderId>();
  readonly #exposures = new Map<HolderId, number>();
  readonly #asked = new Map<string, AuthoriseMessage>();
  readonly #reservations = new Map<string, Reservation[]>();
  readonly #allowances = new Map<string, Allowance>();

  constructor(street: Pick<Street, 'liars' | 'isCalm' | 'leaseMs'>) {
    this.liars = street.liars;
    this.isCalm = street.isCalm;
    this.leaseMs = street.leaseMs;
  }

  playsAlong(holder: HolderId): void {
    this.#partners.add(holder);
  }
  isPartner(holder: HolderId): boolean {
    return this.#partners.has(holder);
  }

  exposed(holder: HolderId): void {
    this.#exposures.set(holder, this.exposures(holder) + 1);
  }
  exposures(holder: HolderId): number {
    return this.#exposures.get(holder) ?? 0;
  }

  allowed(device: DeviceId, allowance: Allowance): void {
    this.#allowances.set(`${device} ${allowance.id}`, allowance);
  }
  allowance(device: DeviceId, id: string): Allowance | undefined {
    return this.#allowances.get(`${device} ${id}`);
  }

  /** All reservations that the gateway has answered this sale with. */
  reservations(device: DeviceId, sale: SaleId): readonly Reservation[] {
    return this.#reservations.get(`${device} ${sale}`) ?? [];
  }

  sent(device: DeviceId, direction: 'up' | 'down', payload: string): void {
    if (direction !== 'up' || !this.liars.has(device)) return;
    const parsed = parseUp(utf8.encode(payload));
    if (parsed.ok && parsed.value.type === 'authorise') this.#asked.set(`${device} ${parsed.value.id}`, parsed.value);
  }

  arrived(device: DeviceId, direction: 'up' | 'down', payload: string): void {
    if (direction !== 'down' || !this.liars.has(device)) return;
    const parsed = parseDown(utf8.encode(payload));
    if (!parsed.ok || parsed.value.type !== 'authorised' || parsed.value.answer.kind !== 'reserved') return;
    const { re, sale, answer } = parsed.value;
    const asked = this.#asked.get(`${device} ${re}`);
    if (asked === undefined) return;
    const name = `${device} ${sale}`;
    this.#reservations.set(name, [...(this.#reservations.get(name) ?? []), { asked, answer }]);
  }
}
