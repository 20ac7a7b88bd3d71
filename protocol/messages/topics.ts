/** MQTT topics (design.md section 9). A device may publish to and read its own, and read the campaign's; nothing else. */
import type { CampaignId, DeviceId } from '../kernel/ids.js';

export const upTopic = (device: DeviceId): string => `codeplate/v1/${device}/up`;
export const downTopic = (device: DeviceId): string => `codeplate/v1/${device}/down`;
/** Retained; the last will says `online: false`. */
export const stateTopic = (device: DeviceId): string => `codeplate/v1/${device}/state`;
/** Retained: the signed campaign bundle. */
export const campaignTopic = (campaign: CampaignId): string => `codeplate/v1/campaign/${campaign}`;
/** Retained: the whole spent bitmap. Deltas follow on the same topic, not retained. */
export const spentTopic = (campaign: CampaignId): string => `codeplate/v1/campaign/${campaign}/spent`;

/** The largest payload either side accepts or sends, in bytes. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
