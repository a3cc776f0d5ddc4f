import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitNodeOptions } from '../../../supervisor/fleet/node-options.js';

describe('RUNNER_NODE_OPTIONS', () => {
  it.each([
    ['', []],
    ['   ', []],
    ['--import=/path/x.js --max-semi-space-size=1', ['--import=/path/x.js', '--max-semi-space-size=1']],
    ['--import="/a path/x.js"', ['--import=/a path/x.js']],
    ['--title=\'a "b" c\'', ['--title=a "b" c']],
    ['a\\ b ""', ['a b', '']],
    ['"a\\"b"', ['a"b']],
    ['a\n\tb', ['a', 'b']],
  ])('splits %j like a shell', (text, words) => {
    expect(splitNodeOptions(text)).toEqual(words);
  });

  it('refuses an open quote', () => {
    expect(splitNodeOptions('--title="a')).toBeUndefined();
  });

  it('gives back any words that were quoted', () => {
    const quoted = (word: string): string => `"${word.replace(/[\\"]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitNodeOptions(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });
});
