import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InFlightMarks } from '../../../session-runner/in-flight.js';
import { decodeRecords, inFlightFile, OPERATIONS, type InFlight } from '../../../shared/in-flight-file.js';
import { captureLog, silent } from '../shared/logged.js';
import { tempFolder } from '../store/temp-store.js';

const marksIn = (folder: string): InFlight[] => decodeRecords(readFileSync(inFlightFile(folder)));

it('says at every moment what is under way for whom', () => {
  const folder = tempFolder();
  fc.assert(
    fc.property(
      fc.array(fc.record({ who: fc.constantFrom('a', 'b', 'c'), what: fc.constantFrom(...OPERATIONS), end: fc.nat() })),
      (steps) => {
        const marks = new InFlightMarks(folder, silent);
        const running: { who: string; what: string; end: () => void }[] = [];
        for (const { who, what, end } of steps) {
          if (end % 2 === 0) running.push({ who, what, end: marks.begin(who, what) });
          else {
            const [ended] = running.splice(end % Math.max(1, running.length), 1);
            ended?.end();
            // Ending it again ends nothing else.
            ended?.end();
          }
          for (const { sessionId, operations } of marksIn(folder)) {
            const expected = OPERATIONS.filter((name) => running.some((each) => each.who === sessionId && each.what === name));
            expect(operations).toEqual(expected);
          }
          for (const each of running) expect(marksIn(folder).map(({ sessionId }) => sessionId)).toContain(each.who);
        }
      },
    ),
    { numRuns: 50 },
  );
});

it('writes only when something changes for the session', () => {
  const folder = tempFolder();
  const marks = new InFlightMarks(folder, silent);
  const end = marks.begin('a', 'send');
  truncateSync(inFlightFile(folder));
  marks.begin('a', 'send')();
  expect(readFileSync(inFlightFile(folder))).toHaveLength(0);
  end();
  expect(readFileSync(inFlightFile(folder))).not.toHaveLength(0);
});

it('ends the mark of work that fails, and lets its error through', async () => {
  const folder = tempFolder();
  const marks = new InFlightMarks(folder, silent);
  const work = marks.during('a', 'decrypt', async () => {
    expect(marksIn(folder)).toEqual([{ sessionId: 'a', operations: ['decrypt'] }]);
    return Promise.reject(new Error('broken'));
  });
  await expect(work).rejects.toThrow('broken');
  expect(marksIn(folder)).toEqual([{ sessionId: 'a', operations: [] }]);
});

it('forgets what an earlier runner was doing', () => {
  const folder = tempFolder();
  new InFlightMarks(folder, silent).begin('a', 'connect');
  expect(new InFlightMarks(folder, silent)).toBeDefined();
  expect(marksIn(folder)).toEqual([]);
});

it('goes on where nothing can be written, and says so once', () => {
  const { log, lines } = captureLog();
  const marks = new InFlightMarks(join(tempFolder(), 'none'), log);
  marks.begin('a', 'connect')();
  marks.begin('b', 'send')();
  expect(lines()).toHaveLength(1);
});
