// What is known of a file without reading it, and which files hold a page.

/** Second and `n`: a place in the order of messages. */
export type Position = readonly [second: number, n: number];

/** The messages of one part: how many, and between which places. */
export interface PartSpan {
  count: number;
  oldest: Position;
  newest: Position;
}

/** Negative when `a` is older. */
export const compare = (a: Position, b: Position): number => a[0] - b[0] || a[1] - b[1];

/** Undefined for no messages. */
export const spanOf = (positions: readonly Position[]): PartSpan | undefined => {
  const [first] = positions;
  if (!first) return undefined;
  let [oldest, newest] = [first, first];
  for (const position of positions) {
    if (compare(position, oldest) < 0) oldest = position;
    if (compare(position, newest) > 0) newest = position;
  }
  return { count: positions.length, oldest, newest };
};

/**
 * Which of the parts can hold messages `offset` to `offset + limit` of all, counted from the newest. Messages come nearly in the order of
 * their times, so these are few, however many parts overlap a little with the next.
 * @returns their places in `spans`, and how many messages in parts that are not needed come before
 */
export const partsOfWindow = (
  spans: readonly PartSpan[],
  { offset, limit }: { offset: number; limit: number },
): { needed: number[]; skipped: number } => {
  const needed: number[] = [];
  let skipped = 0;
  for (const [index, span] of spans.entries()) {
    // Messages certainly newer than all of this part, and those that may be newer than one of it, with its own.
    let newer = 0;
    let newerOrMixed = span.count;
    for (const [other, { count, oldest, newest }] of spans.entries()) {
      if (other === index) continue;
      if (compare(oldest, span.newest) > 0) newer += count;
      if (compare(newest, span.oldest) > 0) newerOrMixed += count;
    }
    if (newerOrMixed <= offset) skipped += span.count;
    else if (newer < offset + limit) needed.push(index);
  }
  return { needed, skipped };
};
