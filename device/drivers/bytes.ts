/** The few byte operations that every framing needs. */

export const NO_BYTES = new Uint8Array(0);

export function joinBytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The bytes of a text that holds nothing beyond U+00FF. */
export const latin1Bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export const latin1Text = (bytes: Uint8Array): string => Array.from(bytes, (b) => String.fromCharCode(b)).join('');
