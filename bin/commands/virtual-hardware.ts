/** The process in which virtual devices live. Started by scenarios and the demo, or by hand with lines of JSON. */
import { Command } from 'commander';
import { CodeplateError } from '#protocol/faults/errors.js';
import { printJson } from '../usage.js';

export function command(): Command {
  return new Command('virtual-hardware')
    .description('Run virtual counter hardware on pseudo-terminals, told what to do by JSON lines on standard input.')
    .addHelpText(
      'after',
      `
One JSON object a line; each is answered by one line with its id. Events come as lines of their own.

Examples:
  {"id":1,"do":"create","device":"crp-reader","name":"reader","link":"./reader"}
  {"id":2,"do":"knob","name":"reader","knob":{"kind":"pays","payments":[{"kind":"decline"}]}}
  {"id":3,"do":"create","device":"scanner","name":"scanner","link":"./scanner","options":{"suffix":"crlf"}}
  {"id":4,"do":"knob","name":"scanner","knob":{"kind":"scan","text":"6212345678901234567"}}
  {"id":5,"do":"unplug","name":"reader"}
  {"id":6,"do":"report","name":"reader"}

Devices: scanner, crp-reader, transbank-reader, printer, voice, display. It ends with its standard input.`,
    )
    .action(async () => {
      const { loadPty } = await import('../../simulator/hardware/pty.js');
      try {
        await loadPty();
      } catch (error) {
        // A parent that forked it reads its exit code and standard error instead.
        if (process.send === undefined && error instanceof CodeplateError)
          printJson({ ready: false, error: { code: error.code, message: error.message } });
        throw error;
      }
      const { serveHardware } = await import('../../simulator/hardware/serve.js');
      await serveHardware();
    });
}
