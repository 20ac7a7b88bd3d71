import { Wallet } from '../wallet.js';

/**
 * A second phone with the same key, from a restored backup or a broken key store. Both count on from where the copy was
 * made, so their counters collide: to a ledger that is the mark of it.
 */
export const secondPhoneOf = (wallet: Wallet): Wallet =>
  new Wallet({
    identity: wallet.identity,
    signer: wallet.signer,
    position: wallet.position,
    nonce: wallet.nonce,
    ...(wallet.grant === undefined ? {} : { grant: wallet.grant }),
  });
