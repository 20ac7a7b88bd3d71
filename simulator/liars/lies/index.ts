/** The lies that there are. A new one: its entry in one of these lists. */
import type { Lie } from '../scene.js';
import { couponLies } from './coupons.js';
import { floods } from './floods.js';
import { offlineLies } from './offline.js';
import { onlineLies } from './online.js';
import { refundLies } from './refunds.js';

export const LIES: readonly Lie[] = [...offlineLies, ...couponLies, ...onlineLies, ...refundLies, ...floods];
