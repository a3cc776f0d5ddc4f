import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeRecords, encodeRecord, inFlightFile, OPERATIONS, RECORD_BYTES, takeInFlight } from '../../../shared/in-flight-file.js';
import { tempFolder } from '../store/temp-store.js';

const sessionId = fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/);

it('reads back every record that was written to its end', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ sessionId, mask: fc.nat({ max: 7 }) })), fc.nat({ max: RECORD_BYTES - 1 }), (records, missing) => {
      const bytes = Buffer.concat(records.map((record) => encodeRecord(record.sessionId, record.mask)));
      const whole = records.map((record) => ({
        sessionId: record.sessionId,
        operations: OPERATIONS.filter((_, bit) => record.mask & (1 << bit)),
      }));
      expect(decodeRecords(bytes)).toEqual(whole);
      expect(decodeRecords(bytes.subarray(0, bytes.length - missing))).toEqual(missing === 0 ? whole : whole.slice(0, -1));
    }),
  );
});

it('finds something or nothing in any bytes, and never fails', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 * RECORD_BYTES }), (bytes) => {
      for (const record of decodeRecords(Buffer.from(bytes))) expect(record.sessionId.length).toBeLessThanOrEqual(RECORD_BYTES - 2);
    }),
  );
});

it('takes what a runner left once, and nothing where none was', () => {
  const folder = tempFolder();
  expect(takeInFlight(folder)).toEqual([]);
  writeFileSync(inFlightFile(folder), encodeRecord('alice', 0b101));
  expect(takeInFlight(folder)).toEqual([{ sessionId: 'alice', operations: ['connect', 'send'] }]);
  expect(existsSync(inFlightFile(folder))).toBe(false);
  expect(takeInFlight(folder)).toEqual([]);
  expect(takeInFlight(join(folder, 'none'))).toEqual([]);
});
