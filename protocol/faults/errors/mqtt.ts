/** The line between device and gateway: the broker's door, and what comes through it. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const MQTT_ERRORS = {
  LINE_DOWN: [
    'peer',
    'again',
    'The connection to the gateway is down; records wait in the journal.',
    'Wait some minutes: the device reconnects by itself. Then check the network and the address of the gateway.',
  ],
  MQTT_PAYLOAD_TOO_LARGE: [
    'ours',
    'never',
    'A payload exceeds the size limit; it was not sent.',
    'Report it with the log.',
  ],
  MQTT_PUBLISH_FAILED: ['peer', 'again', 'The broker did not take a message.', 'Nothing: the journal sends it again.'],
  MQTT_CONNECT_TOO_LARGE: [
    'peer',
    'never',
    'A connection began with a CONNECT that is longer than any device sends; it was closed.',
    'Check which client connects: no device of ours does that.',
  ],
  MQTT_NOT_CONNECT_FIRST: [
    'peer',
    'never',
    'A connection began with something else than CONNECT; it was closed.',
    'Check which client connects: it does not speak MQTT, or uses TLS on a port without.',
  ],
  MQTT_PACKET_TOO_LARGE: [
    'peer',
    'never',
    'A device sent a packet longer than 64 KiB and a topic; its connection was closed.',
    'Check which software runs on the device.',
  ],
  MQTT_MALFORMED: [
    'peer',
    'never',
    'A connection sent bytes that are not MQTT; it was closed.',
    'Check which client connects, and the network if it is a device.',
  ],
  MQTT_CONNECTION_ERROR: [
    'peer',
    'again',
    'A connection broke, or its bytes could not be read; it was closed.',
    'Nothing: devices reconnect. Many of one device point to its network.',
  ],
  MQTT_VERSION_UNKNOWN: [
    'operator',
    'never',
    'A client speaks another version of MQTT than 3.1.1; it was refused.',
    'Set it to MQTT 3.1.1 (protocol level 4): MQTT 5 is not spoken here.',
  ],
  MQTT_KEEPALIVE_REFUSED: [
    'operator',
    'never',
    'A client asked for a keepalive of more than 300 s, or none; it was refused.',
    'Set its keepalive to 1 to 300 s: otherwise a dead connection looks like a quiet one.',
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
    'A TLS handshake failed, or the client showed no trusted certificate; the connection was closed.',
    "Compare the device's `gateway.tls` with the gateway's `mqtt.tls`: who signed which certificate, and until when it is good.",
  ],
  MQTT_CERTIFICATE_OF_ANOTHER: [
    'operator',
    'never',
    'A device showed the certificate of another device.',
    'Give each device a certificate whose common name is its device id.',
  ],
  MQTT_BAD_CREDENTIALS: [
    'operator',
    'never',
    'A device is unknown, or sent a wrong password.',
    "Compare the device's entry in the gateway's configuration with `gateway.password` of the device.",
  ],
  MQTT_TOPIC_NOT_ALLOWED: [
    'peer',
    'never',
    'A device tried to publish to or read a topic that is not its own; it was refused.',
    'Check which software runs on the device.',
  ],
  MQTT_READS_TOO_LITTLE: [
    'peer',
    'again',
    'A device kept sending requests without reading the answers; its connection was closed.',
    'Check its network, and which software runs on it.',
  ],
  MQTT_WILL_NOT_ALLOWED: [
    'peer',
    'never',
    'A device asked for a last will on another topic than its own `state`; it was refused.',
    'Check which software runs on the device: a last will only reports its disconnect.',
  ],
  MQTT_STATE_MALFORMED: [
    'peer',
    'never',
    'A device published a state that cannot be read; it was dropped.',
    'Update the older side.',
  ],
} as const satisfies Record<string, ErrorRow>;
