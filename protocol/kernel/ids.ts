/**
 * Identifiers. Each is a branded string or number, so that a sale id never stands where a device id should.
 *
 * The patterns are the narrowest that every carrier (MQTT topic, CRP/1 field, SQL, file name) takes unescaped.
 */
export type DeviceId = string & { readonly __id: 'device' };
export type CampaignId = string & { readonly __id: 'campaign' };
export type MerchantId = string & { readonly __id: 'merchant' };
/** The sale's id is also the reader's reference (CRP/1 `ref`: 1-32 of [A-Za-z0-9-]). */
export type SaleId = string & { readonly __id: 'sale' };
/** The till's own order number and idempotency key: an order sent twice is one sale. */
export type OrderNo = string & { readonly __id: 'order' };
export type HolderId = string & { readonly __id: 'holder' };
/** Coupon serials of a campaign are dense, 0..n-1, tier after tier: the spent set is a bitmap over them. */
export type CouponSerial = number & { readonly __id: 'serial' };
export type ReceiptNo = string & { readonly __id: 'receipt' };

export const DEVICE_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const CAMPAIGN_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const MERCHANT_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const SALE_ID = /^[A-Za-z0-9-]{1,32}$/;
/** Printable ASCII without space: the form that tills print on their own slips. */
export const ORDER_NO = /^[\x21-\x7e]{1,64}$/;
export const RECEIPT_NO = /^[A-Za-z0-9-]{1,64}$/;
export const HASH = /^[0-9a-f]{64}$/;

/** A campaign's serials fit 32 bits in the grant's binary layout. */
export const MAX_SERIAL = 0xffff_fffe;
