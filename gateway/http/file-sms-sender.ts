/**
 * A stand-in for an SMS service: each message is a line of JSON in a file.
 *
 * For benchmarks and trials only: anybody who can read the file can claim for any phone.
 */
import { appendFile } from 'node:fs';
import { OWN_FILE_MODE } from '#protocol/node/own-files.js';
import type { SmsSender } from '../ports/sms-sender.js';

export const fileSmsSender = (file: string): SmsSender => ({
  send(message, done) {
    appendFile(file, `${JSON.stringify(message)}\n`, { mode: OWN_FILE_MODE }, (error) => done(error ?? undefined));
  },
});
