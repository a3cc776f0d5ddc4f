// A place in the order of messages as clients are given it. It stays good: a message never changes its place.
import type { Position } from './part-spans.js';

const SHAPE = /^(\d{1,12})\.(\d{1,12})$/;

export const cursorOf = ([second, n]: Position): string => Buffer.from(`${second}.${n}`).toString('base64url');

/** Undefined for anything that `cursorOf` does not make. */
export const positionOf = (cursor: string): Position | undefined => {
  const match = SHAPE.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) return undefined;
  const position: Position = [Number(match[1]), Number(match[2])];
  return cursorOf(position) === cursor ? position : undefined;
};
