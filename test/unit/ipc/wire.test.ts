import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, isWorthALine, parseFrame } from '../../../shared/ipc/wire.js';

const frame = fc.oneof(
  fc.record({ t: fc.constant('call' as const), id: fc.integer(), method: fc.string(), params: fc.jsonValue() }),
  fc.record({ t: fc.constant('ok' as const), id: fc.integer(), result: fc.jsonValue() }),
  fc.record({ t: fc.constant('err' as const), id: fc.integer(), code: fc.string(), message: fc.string() }),
  fc.record({ t: fc.constant('cancel' as const), id: fc.integer() }),
  fc.record({ t: fc.constant('event' as const), name: fc.string(), data: fc.jsonValue() }),
);
const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a frame', () => {
  it('survives the way over JSON', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        const parsed = parseFrame(overJson(sent));
        expect(parsed.ok && overJson(parsed.value)).toEqual(overJson(sent));
      }),
    );
  });

  it('is found to be none, without an exception, when it is anything else', () => {
    fc.assert(
      fc.property(fc.anything(), (garbage) => {
        const parsed = parseFrame(garbage);
        if (parsed.ok) expect(['call', 'ok', 'err', 'cancel', 'event']).toContain(parsed.value.t);
        else expect(parsed.problem).not.toBe('');
      }),
    );
  });
});

describe('a table of names', () => {
  it('holds only its own entries', () => {
    expect(entryOf({ a: 1 }, 'a')).toBe(1);
    for (const name of ['constructor', '__proto__', 'toString', 'b']) expect(entryOf<number>({ a: 1 }, name)).toBeUndefined();
  });
});

describe('a flood of one complaint', () => {
  it('is logged ever more rarely', () => {
    expect(Array.from({ length: 20 }, (_, i) => i + 1).filter(isWorthALine)).toEqual([1, 2, 4, 8, 16]);
  });
});
