// What a recording says, as tables of who used the most.

interface CallFrame {
  functionName: string;
  url: string;
  lineNumber: number;
}

/** As V8 writes it; `timeDeltas` are microseconds. */
export interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame }[];
  samples: number[];
  timeDeltas: number[];
}

/** As V8 writes it; `selfSize` is in bytes that were still alive at the end. */
export interface HeapNode {
  callFrame: CallFrame;
  selfSize: number;
  children: HeapNode[];
}

/** By name, largest first. */
export type Shares = [name: string, amount: number][];

export interface ProfileTable {
  byFunction: Shares;
  byPackage: Shares;
  total: number;
}

/** In microseconds; time that the process waited is left out. */
export const tableOfCpu = ({ nodes, samples, timeDeltas }: CpuProfile): ProfileTable => {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  return tableOf(
    samples.flatMap((id, n) => {
      const frame = frames.get(id);
      return !frame || frame.functionName === '(idle)' ? [] : [{ frame, amount: timeDeltas[n] ?? 0 }];
    }),
  );
};

/** In bytes. */
export const tableOfHeap = (head: HeapNode): ProfileTable => {
  const parts: { frame: CallFrame; amount: number }[] = [];
  const waiting = [head];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.selfSize > 0) parts.push({ frame: node.callFrame, amount: node.selfSize });
    waiting.push(...node.children);
  }
  return tableOf(parts);
};

const tableOf = (parts: readonly { frame: CallFrame; amount: number }[]): ProfileTable => ({
  byFunction: shares(parts.map(({ frame, amount }) => [nameOf(frame), amount])),
  byPackage: shares(parts.map(({ frame, amount }) => [packageOf(frame), amount])),
  total: parts.reduce((sum, { amount }) => sum + amount, 0),
});

const shares = (parts: readonly (readonly [string, number])[]): Shares => {
  const sums = new Map<string, number>();
  for (const [name, amount] of parts) sums.set(name, (sums.get(name) ?? 0) + amount);
  return [...sums].toSorted(([, one], [, other]) => other - one);
};

const nameOf = ({ functionName, url, lineNumber }: CallFrame): string => {
  const file = url.replace(/^.*\/(node_modules|dist)\//, '').replace(/^file:\/\//, '');
  return `${functionName || '(anonymous)'}${file ? ` ${file}:${lineNumber + 1}` : ''}`;
};

/** A package, a folder of ours, `node:` for what comes with Node.js, `(native)` for what is no JavaScript, or what V8 itself does. */
export const packageOf = ({ functionName, url }: Pick<CallFrame, 'functionName' | 'url'>): string => {
  const inside = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inside) return inside;
  const ours = /\/dist\/([^/]+(?:\/[^/]+(?=\/))?)/.exec(url)?.[1];
  if (ours) return ours;
  if (url.startsWith('node:')) return 'node:';
  if (url !== '') return url;
  return functionName.startsWith('(') ? functionName : '(native)';
};
