/** Whether a text prints anything: a name of zero-width characters is as empty on a receipt as one of blanks. */

/**
 * Unicode blanks, controls, unassigned and ignorable characters, and two characters drawn as nothing: Hangul filler,
 * Braille blank.
 */
const UNSEEN = /[\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;

export const isVisible = (text: string): boolean => text.replace(UNSEEN, '') !== '';
