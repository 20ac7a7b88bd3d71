/** The line between device and gateway: the broker's door, and what comes through it. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const MQTT_ERRORS = {
  LINE_DOWN: [
    'peer',
    'again',
    'The line to the gateway is down; records wait in the journal.',
    'Nothing for some minutes: it is tried again by itself. Then check the network and the address of the gateway.',
  ],
  MQTT_PAYLOAD_TOO_LARGE: [
    'ours',
    'never',
    'A payload is larger than either side takes; it was not sent.',
    'Report it with the log.',
  ],
  MQTT_PUBLISH_FAILED: ['peer', 'again', 'The broker did not take a message.', 'Nothing: the journal sends it again.'],
  MQTT_CONNECT_TOO_LARGE: [
    'peer',
    'never',
    'A connection began with a CONNECT that is longer than any device sends; it was closed.',
    'Look at who connects: no device of ours does that.',
  ],
  MQTT_NOT_CONNECT_FIRST: [
    'peer',
    'never',
    'A connection began with something else than CONNECT; it was closed.',
    'Look at who connects: it speaks no MQTT, or TLS to a port without.',
  ],
  MQTT_PACKET_TOO_LARGE: [
    'peer',
    'never',
    'A device sent a packet longer than 64 KiB and a topic; its connection was closed.',
    'Look at which software runs on the device.',
  ],
  MQTT_MALFORMED: [
    'peer',
    'never',
    'A connection sent bytes that are no MQTT; it was closed.',
    'Look at who connects, and at the line if it is a device.',
  ],
  MQTT_CONNECTION_ERROR: [
    'peer',
    'again',
    'A connection broke, or what came on it could not be read; it was closed.',
    'Nothing: devices connect again. Many of one device speak of its line.',
  ],
  MQTT_VERSION_UNKNOWN: [
    'operator',
    'never',
    'A client speaks another version of MQTT than 3.1.1; it was not let in.',
    'Set it to MQTT 3.1.1 (protocol level 4): MQTT 5 is not spoken here.',
  ],
  MQTT_KEEPALIVE_REFUSED: [
    'operator',
    'never',
    'A client wanted to be silent for more than 300 s, or for ever; it was not let in.',
    'Set its keepalive to 1 to 300 s: a line that has gone could not be told from a quiet one.',
  ],
  MQTT_IDENTIFIER_REJECTED: [
    'operator',
    'never',
    'A client did not give its device id as client id and as user name.',
    "Correct `gateway.username` in the device's configuration.",
  ],
  MQTT_TLS_FAILED: [
    'peer',
    'again',
    'A connection came to no agreement on TLS, or showed no certificate that is trusted here; it was closed.',
    "Compare the device's `gateway.tls` with the gateway's `mqtt.tls`: who signed which certificate, and until when it is good.",
  ],
  MQTT_CERTIFICATE_OF_ANOTHER: [
    'operator',
    'never',
    'A device showed a certificate that names another.',
    'Give each device a certificate whose common name is its device id.',
  ],
  MQTT_BAD_CREDENTIALS: [
    'operator',
    'never',
    'A device is not known here, or gave another password.',
    "Compare the device's entry in the gateway's configuration with `gateway.password` of the device.",
  ],
  MQTT_TOPIC_NOT_ALLOWED: [
    'peer',
    'never',
    'A device wanted to write to or read a topic that is not its own; it was not let.',
    'Look at which software runs on the device.',
  ],
  MQTT_READS_TOO_LITTLE: [
    'peer',
    'again',
    'A device asked on and on and did not read the answers; its connection was closed.',
    'Look at its line, and at which software runs on it.',
  ],
  MQTT_WILL_NOT_ALLOWED: [
    'peer',
    'never',
    'A device wanted a last will on another topic than its own `state`; it was not let in.',
    'Look at which software runs on the device: a will is there to say that it has gone.',
  ],
  MQTT_STATE_MALFORMED: [
    'peer',
    'never',
    'A device published a state that cannot be read; it was not passed on.',
    'Update the older side.',
  ],
} as const satisfies Record<string, ErrorRow>;
