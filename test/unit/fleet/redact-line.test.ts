import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { redactLine } from '../../../supervisor/fleet/redact-line.js';

it.each([
  ['a stack', '    at Object.<anonymous> (file:///opt/whatsapp-worker/releases/0.1.0/dist/session-runner/session/connection.js:123:45)'],
  ['the folder of a test', 'ENOENT: no such file or directory, open /tmp/worker-aB3xYz/runners/0/data.mdb'],
  ['a full heap', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
  ['what the collector did', '[12:0x5] 1234 ms: Mark-sweep 19.8 (23.1) -> 19.7 (23.3) MB, 10.1 / 0.0 ms'],
])('leaves %s readable', (_name, line) => {
  expect(redactLine(line)).toBe(line);
});

it.each([
  ['a phone number', 'lost 6281234567890@s.whatsapp.net', 'lost 628…90@s.whatsapp.net'],
  ['bytes', `  privKey: ${inspect(Buffer.alloc(8, 0xab))}`, '  privKey: [redacted]>'],
  ['rows of numbers', '    12, 200,   3,  44, 5, 6, 7, 8, 9,', '    [redacted]'],
  ['a key in hexadecimal', `key ${'0a1b2c3d'.repeat(8)}!`, 'key [redacted]!'],
])('takes out %s', (_name, line, redacted) => {
  expect(redactLine(line)).toBe(redacted);
});

it.each(['base64', 'base64url', 'hex'] as const)('takes out keys in %s', (form) => {
  for (let n = 0; n < 2_000; n++) {
    const key = createHash('sha256').update(String(n)).digest(form);
    expect(redactLine(`Error: {"noiseKey":"${key}"}`)).toBe('Error: {"noiseKey":"[redacted]"}');
  }
});
