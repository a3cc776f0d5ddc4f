import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSink, Tail } from '../../../supervisor/fleet/runner-output.js';
import { eventually } from '../../fixtures/eventually.js';

const collector = () => {
  const chunks: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { out, chunks };
};

describe('the output of runners', () => {
  it('passes on whole lines only', async () => {
    const { out, chunks } = collector();
    const sink = new LineSink(out);
    const [a, b] = [new PassThrough(), new PassThrough()];
    sink.forward(a);
    sink.forward(b);
    a.write('{"a":');
    b.write('{"b":1}\n{"b"');
    a.write('1}\n');
    b.end(':2}');
    await eventually(() => chunks.join('').includes('{"b":2}\n'), 'the last line came');
    expect(chunks.join('').trimEnd().split('\n').sort()).toEqual(['{"a":1}', '{"b":1}', '{"b":2}']);
  });

  it('survives a reader that went away', async () => {
    const out = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const sink = new LineSink(out);
    const source = new PassThrough();
    sink.forward(source);
    source.write('one\n');
    await eventually(() => out.destroyed, 'the sink broke');
    source.write('two\n');
    source.end();
    await eventually(() => source.readableEnded, 'the source was read to its end');
  });

  it('keeps the last 20 lines of stderr, each within bounds, however they were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '語', '\n'), maxLength: 40 }), { maxLength: 30 }), (texts) => {
        const whole = Buffer.from(texts.join(''));
        const tail = new Tail({ maxLineLength: 1_000 });
        for (let at = 0; at < whole.length; at += 7) tail.add(whole.subarray(at, at + 7));
        expect(tail.lines).toEqual(
          whole
            .toString()
            .split('\n')
            .filter((line) => line !== '')
            .slice(-20),
        );
      }),
    );
    const tail = new Tail();
    for (let i = 0; i < 1_000; i += 1) tail.add(Buffer.alloc(10_000, 'x'));
    expect(tail.lines).toEqual(['x'.repeat(500)]);
  });
});
