/** The commented configuration that `codeplate init` writes: every key, its purpose, and the reason for its default. */
import { DISPLAYS } from '../drivers/displays/index.js';
import { PRINTER_MODELS } from '../drivers/printers/models/index.js';
import { READERS } from '../drivers/readers/index.js';
import { SCANNERS } from '../drivers/scanners/index.js';
import { VOICES } from '../drivers/voices/index.js';

export interface DeviceExample {
  readonly device: string;
  readonly merchant: string;
  readonly merchantName: string;
  readonly campaign: string;
  readonly gatewayUrl: string;
  readonly password: string;
  /** The gateway's signing key: its number, and the public key in base64url. */
  readonly issuerKey: { readonly number: number; readonly publicKey: string };
}

export const deviceConfigExample = (
  example: DeviceExample,
): string => `# One counter. Start it with: codeplate device --config device.yaml
# Relative paths are relative to the folder of this file.

# Who this counter is. The gateway knows it by this name; MQTT topics carry it.
device: ${quoted(example.device)}
# The merchant as the campaign's list has it, and the name on the shop front (printed until the list has come).
merchant: ${quoted(example.merchant)}
merchantName: ${quoted(example.merchantName)}
campaign: ${quoted(example.campaign)}

# zh or en: screen and receipts. Logs are English.
language: zh
# The counter scans the customer's code in either mode: the mode says which coupons and which cap hold, since a campaign may
# have others where customers pay at the plate. Customers can't scan a plate yet.
mode: customer-code

# The journal lives here: what is not yet at the gateway exists nowhere else. Never delete it, never copy it back.
data: device-data

gateway:
  # mqtts:// on any line but this machine's own; without TLS only with insecure: true beside it.
  url: ${quoted(example.gatewayUrl)}
  username: ${quoted(example.device)}
  password: ${quoted(example.password)}
  # Campaigns and grants that were signed with these keys are believed while the line is down.
  issuerKeys:
    "${example.issuerKey.number}": ${quoted(example.issuerKey.publicKey)}
  # tls:
  #   ca: ca.pem          # without it, the system's certificate authorities
  #   cert: ${example.device}.pem
  #   key: ${example.device}.key

# What is plugged in. All of it is optional: leave out what the counter does not have.
# Name ports by /dev/serial/by-id/... or a udev symlink: /dev/ttyUSB0 changes with every replug.

# scanner:
#   path: /dev/serial/by-id/usb-scanner
#   driver: line          # ${namesOf(SCANNERS)}; line types codes by itself, gm65 waits to be triggered
#   baud: 9600
#   suffix: cr            # cr, crlf, lf, tab or none: what the scanner sends after a code
#   aim: false            # true where the scanner is set to send AIM prefixes such as ]Q1

# reader:
#   path: /dev/serial/by-id/usb-reader
#   driver: crp1          # ${namesOf(READERS)}
#   baud: 115200

# printer:
#   path: /dev/serial/by-id/usb-printer
#   model: generic-58     # ${namesOf(PRINTER_MODELS)}
#   baud: 9600

# voice:
#   path: /dev/serial/by-id/usb-voice
#   driver: syn6288       # ${namesOf(VOICES)}

# display:
#   path: /dev/serial/by-id/usb-display
#   driver: led8          # ${namesOf(DISPLAYS)}

# How the till's own software hands amounts in. Both may be used at once: the order number keeps them apart.
till:
  # On 127.0.0.1 only; the counter's screen is the page at http://127.0.0.1:8787/. 0 takes any free port.
  http:
    port: 8787
  # An order number of another business day is a new sale. forever: it is the same sale for as long as it is remembered.
  orders: daily
  dayBegins: "04:00"      # by the campaign's clock, while the shop is closed
  # ecr:
  #   path: /dev/serial/by-id/usb-till
  #   baud: 9600

# debug, info, warn or error.
log: info
`;

/** JSON's strings are YAML's too, and never turn into numbers or dates. */
const quoted = (text: string): string => JSON.stringify(text);

const namesOf = (family: Readonly<Record<string, unknown>>): string => Object.keys(family).join(', ');
