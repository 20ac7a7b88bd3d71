import { expect, it } from 'vitest';
import { isThisMachine, openConnectionProblem } from './open-connection.js';

it.each([
  ['localhost', true],
  ['gateway.localhost', true],
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['203.0.113.7', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['gateway.example', false],
])('%s leads nowhere but to this machine: %s', (host, is) => expect(isThisMachine(host)).toBe(is));

it.each([
  ['this machine, plain', '127.0.0.1', false, false, false],
  ['elsewhere, plain', '203.0.113.7', false, false, true],
  ['elsewhere, with TLS', '203.0.113.7', true, false, false],
  ['elsewhere, as a person wants it', '203.0.113.7', false, true, false],
])('%s: a problem is %s', (_, host, hasTls, isInsecure, is) => {
  const line = { path: 'mqtt.host', value: host, host, hasTls, isInsecure, remedy: 'mqtt.tls' };
  expect(openConnectionProblem(line) !== undefined).toBe(is);
});
