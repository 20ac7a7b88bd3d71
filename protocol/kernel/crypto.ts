/**
 * The cryptography that the protocol needs, as interfaces. The caller provides the implementation; every function is pure.
 */

/** Lower-case hex of SHA-256 over the UTF-8 bytes of the text. */
export type Sha256 = (text: string) => string;

/** HMAC-SHA-256 (RFC 2104): 32 bytes. */
export type HmacSha256 = (key: Uint8Array, message: Uint8Array) => Uint8Array;

/** ES256: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4), signatures in IEEE P1363 form: r || s, 64 bytes. */
export interface Es256Verifier {
  /** `publicKey`: compressed SEC1 point, 33 bytes. Returns false, never throws, for anything that isn't a valid signature. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Es256Signer {
  /** Compressed SEC1 point, 33 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}
