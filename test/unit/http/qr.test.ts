import { randomBytes } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import QRCode from 'qrcode';
import { beforeEach, describe, expect, it } from 'vitest';
import { qrDataUrl, qrPng } from '../../../supervisor/qr-image.js';
import { qrText } from '../../contract-kit/qr-text.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';
import { QR_VALUE } from './memory-worker.js';

closeServersAfterEach();

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

describe('the image', () => {
  it('is a PNG whose pixels are the modules of the code inside a white margin', () => {
    const png = qrPng(QR_VALUE);
    const { size, data } = QRCode.create([{ data: Buffer.from(QR_VALUE), mode: 'byte' }], {
      errorCorrectionLevel: 'L',
      maskPattern: 0,
    }).modules;
    expect(png.subarray(0, 8)).toEqual(PNG);
    const side = png.readUInt32BE(16);
    expect(side).toBe((size + 8) * 6);
    expect(png.readUInt32BE(20)).toBe(side);
    const at = png.indexOf('IDAT');
    const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    const stride = 1 + Math.ceil(side / 8);
    const isBlack = (x: number, y: number): boolean => (((rows[y * stride + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 0;
    let wrong = 0;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const [column, row] = [Math.floor(x / 6) - 4, Math.floor(y / 6) - 4];
        const inside = row >= 0 && row < size && column >= 0 && column < size;
        if (isBlack(x, y) !== (inside && data[row * size + column] === 1)) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  it('can be read whatever the keys in it are', () => {
    const base64 = (bytes: number): string => randomBytes(bytes).toString('base64');
    for (let n = 0; n < 50; n++) {
      const value = `https://wa.me/settings/linked_devices#2@${base64(108)},${base64(32)},${base64(32)},${base64(32)},1`;
      expect(qrText(qrDataUrl(value))).toBe(value);
    }
  });

  it('stays below the 2000 characters that some backends store', () => {
    expect(qrDataUrl(QR_VALUE).length).toBeLessThan(2_000);
  });
});

describe('GET /session/:id/qr', () => {
  let fixture: Fixture;
  const path = '/session/s1/qr';
  const get = async (query: string, accept?: string): Promise<{ response: Response; bytes: Buffer }> => {
    const headers = { Authorization: `Bearer ${TOKEN}`, ...(accept !== undefined && { Accept: accept }) };
    const response = await fetch(fixture.baseUrl + path + query, { headers });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };

  beforeEach(async () => {
    fixture = await startServer();
    await fixture.worker.sessions.create({ sessionId: 's1' });
    fixture.worker.set('s1', 'qr_required', 'qr_shown', { qr: { value: QR_VALUE, attempt: 2, expiresAt: STARTED_AT } });
  });

  it('answers JSON by default', async () => {
    const { data, headers } = await fixture.call('GET', path);
    expect(data).toEqual({
      sessionId: 's1',
      qr: QR_VALUE,
      qrCode: qrDataUrl(QR_VALUE),
      expiresAt: '2024-01-15T10:30:00.000Z',
      attempt: 2,
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toBe('Accept');
  });

  it.each([
    ['?format=png', undefined],
    ['', 'image/png'],
    ['?format=png', 'application/json'],
    ['', 'image/*'],
  ])('answers a PNG for %s with Accept %s', async (query, accept) => {
    const { response, bytes } = await get(query, accept);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(bytes).toEqual(qrPng(QR_VALUE));
  });

  it('answers SVG and the bare string', async () => {
    const svg = await get('?format=svg');
    expect(svg.response.headers.get('content-type')).toContain('image/svg+xml');
    expect(svg.bytes.toString()).toMatch(/^<svg .*<\/svg>\s*$/s);
    const raw = await get('?format=raw');
    expect(raw.response.headers.get('content-type')).toContain('text/plain');
    expect(raw.bytes.toString()).toBe(QR_VALUE);
  });

  it('gives a browser JSON rather than nothing', async () => {
    const { response } = await get('', 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('says why there is no code', async () => {
    fixture.worker.set('s1', 'connected', 'opened', { qr: undefined });
    const { status, body } = await fixture.call('GET', path);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'QR_NOT_AVAILABLE', retryable: true, details: { status: 'connected', reason: 'opened' } });
  });
});
