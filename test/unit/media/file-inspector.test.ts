import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FileInspector, type FileInspectorOptions } from '../../../supervisor/media/file-inspector.js';
import { inspectFile, type FileFacts } from '../../../supervisor/media/inspect-file.js';
import { sampleFile } from '../../support/sample-files.js';
import { captureLog } from '../shared/logged.js';
import { tempFolder } from '../store/temp-store.js';

const BUILT_PROGRAM = fileURLToPath(new URL('../../../dist/supervisor/media/inspect-process.js', import.meta.url));
const TROUBLED_PROGRAM = fileURLToPath(new URL('../../fixtures/troubled-inspector.mjs', import.meta.url));

const fileOf = (bytes: Buffer): string => {
  const path = join(tempFolder(), 'file');
  writeFileSync(path, bytes);
  return path;
};
const open = (options: Partial<FileInspectorOptions> = {}): { inspector: FileInspector; lines: () => Record<string, unknown>[] } => {
  const { log, lines } = captureLog();
  const inspector = new FileInspector({ log, programFile: TROUBLED_PROGRAM, ...options });
  onTestFinished(() => inspector.stop());
  return { inspector, lines };
};

/** One second of silence: 8000 samples of 8 bits. */
const WAV = Buffer.concat([
  ...[Buffer.from('RIFF'), int32(8_036), Buffer.from('WAVEfmt '), int32(16), Buffer.from([1, 0, 1, 0]), int32(8_000), int32(8_000)],
  ...[Buffer.from([1, 0, 8, 0]), Buffer.from('data'), int32(8_000), Buffer.alloc(8_000, 128)],
]);
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
/** Extended WebP of 7 × 5 pixels; the second bit of its flags says that it moves. */
const webp = (flags: number): Buffer =>
  Buffer.concat([
    ...[Buffer.from('RIFF'), int32(30), Buffer.from('WEBPVP8X'), int32(10)],
    ...[Buffer.from([flags, 0, 0, 0, 6, 0, 0, 4, 0, 0]), Buffer.alloc(8)],
  ]);

it.each<[string, Buffer, FileFacts]>([
  ['a PNG of 64 × 48', sampleFile('png'), { mimetype: 'image/png', width: 64, height: 48 }],
  ['a PNG of one row', PNG.sync.write(new PNG({ width: 300, height: 1 })), { mimetype: 'image/png', width: 300, height: 1 }],
  ['a JPEG that is only a beginning', sampleFile('jpeg'), { mimetype: 'image/jpeg' }],
  ['a picture that moves', webp(2), { mimetype: 'image/webp', width: 7, height: 5, animated: true }],
  ['one that does not', webp(16), { mimetype: 'image/webp', width: 7, height: 5, animated: false }],
  ['a second of silence', WAV, { mimetype: 'audio/wav', seconds: 1 }],
  ['a voice note', sampleFile('opus'), { mimetype: 'audio/ogg; codecs=opus' }],
  ['a PDF', sampleFile('pdf'), { mimetype: 'application/pdf' }],
  ['words', Buffer.from('hello'), {}],
  ['nothing', Buffer.alloc(0), {}],
])('sees in the bytes of %s what they are', async (_what, bytes, facts) => {
  expect(await inspectFile(fileOf(bytes))).toEqual(facts);
});

it('answers by a process what the bytes say, for several files after each other', async () => {
  const { inspector, lines } = open({ programFile: BUILT_PROGRAM });
  const paths = [sampleFile('png'), sampleFile('pdf'), Buffer.from('hello')].map(fileOf);
  expect(await Promise.all(paths.map(async (path) => inspector.inspect(path)))).toEqual([
    { mimetype: 'image/png', width: 64, height: 48 },
    { mimetype: 'application/pdf' },
    {},
  ]);
  expect(lines()).toEqual([]);
});

it('knows nothing of a file that is not there', async () => {
  const { inspector, lines } = open({ programFile: BUILT_PROGRAM });
  expect(await inspector.inspect(join(tempFolder(), 'none'))).toEqual({});
  expect(lines()).toMatchObject([{ msg: 'a file could not be looked into' }]);
});

it.each(['loop', 'exit', 'throw', 'memory'])('loses a process to a file that leads it to %s, and goes on with another', async (trouble) => {
  const { inspector, lines } = open({ timeMs: trouble === 'loop' ? 3_000 : 60_000 });
  const [before, lost, after] = await Promise.all(['a', trouble, 'b'].map(async (path) => inspector.inspect(path)));
  expect(lost).toEqual({});
  expect(after?.mimetype).toMatch(/^process \d+$/);
  expect(after).not.toEqual(before);
  expect(lines()).toMatchObject([{ msg: 'a file was too much for who looks into files' }]);
});

it('keeps the process for the next file, also after one that it could not read', async () => {
  const { inspector } = open({ idleMs: 600_000 });
  const [before, trouble, after] = await Promise.all(['a', 'trouble', 'b'].map(async (path) => inspector.inspect(path)));
  expect(trouble).toEqual({});
  expect(after).toEqual(before);
});

it('ends the process when there is nothing to do', async () => {
  const { inspector } = open({ idleMs: 1 });
  const first = await inspector.inspect('a');
  await vi.waitFor(async () => expect(await inspector.inspect('a')).not.toEqual(first), 60_000);
});

it('tells the process nothing of what the worker knows', async () => {
  const { inspector } = open();
  expect(await inspector.inspect('environment')).toEqual({ mimetype: expect.not.stringMatching(/PATH|TOKEN|KEY/) as string });
});
