/** Settings, files and campaigns that a person has written or handed over. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const CONFIG_ERRORS = {
  CONFIG_UNREADABLE: [
    'operator',
    'never',
    'The configuration file cannot be read.',
    'Check that the path names a file that this user may read; `codeplate init DIR` writes a fresh one.',
  ],
  CONFIG_INVALID: [
    'operator',
    'never',
    'The configuration has problems; every one is listed with its path, its value and what is allowed.',
    'Correct all of them and start again.',
  ],
  DEVICES_NOT_TAKEN: [
    'operator',
    'never',
    'The gateway was told to read its devices again, and its configuration has problems; the devices stay those of before.',
    'Correct what the log names, try it with `codeplate gateway --config FILE --check`, and send SIGHUP again.',
  ],
  RESTART_NEEDED: [
    'operator',
    'never',
    'More than the devices has changed in the configuration; the rest is read at a start only.',
    'Restart the gateway when it suits; counters go on by themselves meanwhile.',
  ],
  DATA_UNWRITABLE: [
    'operator',
    'never',
    'The data folder cannot be made, or nothing can be written into it.',
    'Name under `data` in the configuration a folder that the user who runs this may write to, on a disk with room.',
  ],
  LINE_INSECURE: [
    'operator',
    'never',
    'A line off this machine speaks without TLS, because its configuration says `insecure: true`.',
    'Nothing if the network is protected otherwise; else give it TLS: passwords and payment codes travel on it in clear.',
  ],
  OUTPUT_UNWRITABLE: [
    'operator',
    'never',
    'What a command was to write cannot be written there.',
    'Name a place where you may write.',
  ],
  PSEUDO_TERMINALS_MISSING: [
    'operator',
    'never',
    'Virtual hardware needs pseudo-terminals, and the package that makes them, @lydell/node-pty, is not installed.',
    'Where codeplate is an installed package, run `npm install @lydell/node-pty@1` beside it (with `-g` where it was installed so); in a checkout run `npm ci`.',
  ],
  CAMPAIGN_UNREADABLE: [
    'operator',
    'never',
    'The campaign file cannot be read, or is not JSON.',
    'Name a campaign document, or a shipped campaign such as youhao-2023.',
  ],
  CAMPAIGN_INVALID: [
    'operator',
    'never',
    'The campaign has problems; every one is listed with its path, its value and what is allowed.',
    'Correct all of them and start again.',
  ],
  SCENARIO_INVALID: [
    'operator',
    'never',
    'The scenario has problems; every one is listed.',
    'Correct all of them and run it again.',
  ],
  KEY_UNUSABLE: [
    'operator',
    'never',
    'A private key is missing or is not one of curve P-256.',
    'Give a PKCS#8 PEM or a JWK of curve P-256.',
  ],
  IDENTITY_KEY_MISSING: [
    'operator',
    'never',
    'The identity key is not where the configuration says, and under a new one everybody could claim again.',
    'Put the key back, correct `identityKey`, or hand the service its credential; a new key is made for a new ledger only.',
  ],
  IDENTITY_KEY_BESIDE_LEDGER: [
    'operator',
    'never',
    'The identity key lies in the data folder: with a backup of it anybody finds out whose the coupons are.',
    'Stop the gateway, move the key to a place outside of the data folder, name it as `identityKey.file`, and start again.',
  ],
  IDENTITY_KEY_LEFT_BEHIND: [
    'operator',
    'never',
    'The identity key is taken from elsewhere, and a copy still lies in the data folder.',
    'Compare the two, and delete the one in the data folder and in its backups.',
  ],
  OPERATOR_TOKEN_UNUSABLE: [
    'operator',
    'never',
    'The file with the operator’s token cannot be read or made, or holds no token.',
    'Let the gateway read the file `operator-token` in its data folder, or delete it: a new token is made at the next start.',
  ],
  CERTIFICATE_UNUSABLE: [
    'operator',
    'never',
    'A certificate or its key cannot be read, or the two do not belong together.',
    'Check the files that the configuration names under `tls`: PEM, key and certificate of one pair.',
  ],
  CERTIFICATE_EXPIRED: [
    'operator',
    'never',
    'A certificate that the configuration names has expired by the clock of this machine: no handshake will succeed with it.',
    'Check the clock with `date`; if it is right, renew the certificate.',
  ],
  CERTIFICATE_NOT_YET_VALID: [
    'operator',
    'again',
    'A certificate that the configuration names is not valid yet by the clock of this machine.',
    'Check the clock with `date`: a box without a battery clock starts in the past.',
  ],
  CERTIFICATE_OF_ANOTHER: [
    'operator',
    'never',
    "The device's certificate has another common name than the device's id, and the gateway lets in by that name.",
    'Have a certificate made whose common name is the `device` of the configuration.',
  ],
  CAMPAIGN_OVER: [
    'operator',
    'never',
    'The campaign is over by the clock of this machine: every coupon is refused.',
    'Name the campaign that runs now; `codeplate init DIR --today` writes one for trying it out.',
  ],
  MERCHANT_UNKNOWN: [
    'operator',
    'never',
    'A device is to sell for a merchant who is not in the campaign: every coupon is refused there.',
    "Correct `devices[].merchant`, or add the merchant to the campaign's list.",
  ],
  ADDRESS_IN_USE: [
    'operator',
    'never',
    'Another process listens on this address.',
    'Stop it, or choose another port in the configuration.',
  ],
  ADDRESS_UNUSABLE: [
    'operator',
    'never',
    'This machine does not let the program listen on this address.',
    'Choose a port from 1024 on, and as host an address of this machine: 127.0.0.1, or 0.0.0.0 for all that it has.',
  ],
} as const satisfies Record<string, ErrorRow>;
