import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { containErrors } from '../../../session-runner/session/contain-errors.js';

const contained = (emitter: EventEmitter): { event: string; error: unknown }[] => {
  const failures: { event: string; error: unknown }[] = [];
  containErrors(emitter, (error, event) => failures.push({ event, error }));
  return failures;
};
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('hands over what a listener throws or rejects with, and goes on', async () => {
  const emitter = new EventEmitter();
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
  const heard: unknown[] = [];
  emitter.on('message', () => {
    throw thrown;
  });
  // As Baileys' listeners do, whose promises nobody takes.
  emitter.on('message', (): unknown => Promise.reject(rejected));
  emitter.on('message', (data) => heard.push(data));
  const failures = contained(emitter);
  expect(emitter.emit('message', 'frame')).toBe(true);
  await turn();
  expect(heard).toEqual(['frame']);
  expect(failures).toEqual([
    { event: 'message', error: thrown },
    { event: 'message', error: rejected },
  ]);
});

it('keeps the order of the listeners, their arguments and their `this`', () => {
  const emitter = new EventEmitter();
  const heard: unknown[] = [];
  emitter.on('x', function (this: unknown, ...args: unknown[]) {
    heard.push(['second', this === emitter, ...args]);
  });
  emitter.prependListener('x', (...args: unknown[]) => heard.push(['first', ...args]));
  contained(emitter);
  emitter.emit('x', 1, 2);
  expect(heard).toEqual([
    ['first', 1, 2],
    ['second', true, 1, 2],
  ]);
});

it('calls a listener for one event once', () => {
  const emitter = new EventEmitter();
  let calls = 0;
  emitter.once('open', () => calls++);
  contained(emitter);
  emitter.emit('open');
  emitter.emit('open');
  expect(calls).toBe(1);
});

it('contains symbols and `error` events too', () => {
  const emitter = new EventEmitter();
  const event = Symbol('inner');
  for (const name of [event, 'error'])
    emitter.on(name, () => {
      throw new Error('thrown');
    });
  const failures = contained(emitter);
  emitter.emit(event);
  emitter.emit('error', new Error('socket'));
  expect(failures.map((failure) => failure.event)).toEqual(['Symbol(inner)', 'error']);
});

it('leaves listeners alone that come later', () => {
  const emitter = new EventEmitter();
  contained(emitter);
  emitter.on('x', () => {
    throw new Error('mine');
  });
  expect(() => emitter.emit('x')).toThrow('mine');
});
