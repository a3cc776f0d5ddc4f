import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Exchange } from '../../contract-kit/exchange.js';
import { shorten } from '../../contract-kit/shorten.js';

const exchange = (changes: Partial<Exchange>): Exchange => ({
  direction: 'sent',
  method: 'POST',
  url: 'http://127.0.0.1/session/create',
  requestHeaders: {},
  requestText: '',
  status: 200,
  responseText: '',
  body: undefined,
  startedAt: 0,
  endedAt: 5,
  ...changes,
});

test('a QR code is cut, a short text stays', () => {
  const qrCode = `data:image/png;base64,${'A'.repeat(3_000)}`;
  const { answer } = shorten(exchange({ responseText: JSON.stringify({ data: { qrCode, status: 'qr_required' } }) }), []);
  expect(answer).toEqual({ data: { qrCode: 'data:image/png;base64,AA… (3022 characters)', status: 'qr_required' } });
});

test('tokens and passwords in bodies and headers are masked by their names', () => {
  const shown = shorten(
    exchange({
      requestHeaders: { authorization: 'Bearer abc' },
      requestText: '{"password":"abc"}',
      responseText: '{"data":{"accessToken":"abc"}}',
    }),
    [],
  );
  expect(JSON.stringify(shown)).not.toContain('abc');
});

test('a secret is found nowhere in what is shown', () => {
  const secret = fc.string({ unit: 'grapheme-ascii', minLength: 8 }).filter((text) => /^[\w-]+$/.test(text));
  fc.assert(
    fc.property(secret, fc.constantFrom('url', 'requestText', 'responseText'), (text, place) => {
      const shown = shorten(exchange({ [place]: `{"a":["x ${text} y"]}`, requestHeaders: { authorization: `Bearer ${text}` } }), [text]);
      expect(JSON.stringify(shown)).not.toContain(text);
    }),
  );
});
