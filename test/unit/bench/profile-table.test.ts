import { expect, test } from 'vitest';
import { packageOf, tableOfCpu, tableOfHeap } from '../../profile/profile-table.js';

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 9 });
const BAILEYS = 'file:///app/node_modules/@whiskeysockets/baileys/lib/Socket/socket.js';

test('code belongs to its package, to a folder of ours, to Node.js or to V8', () => {
  expect(packageOf(frame('send', BAILEYS))).toBe('@whiskeysockets/baileys');
  expect(packageOf(frame('get', 'file:///app/node_modules/lmdb/read.js'))).toBe('lmdb');
  expect(packageOf(frame('commit', 'file:///app/dist/shared/store/store.js'))).toBe('shared/store');
  expect(packageOf(frame('main', 'file:///app/dist/session-runner/main.js'))).toBe('session-runner');
  expect(packageOf(frame('write', 'node:internal/streams'))).toBe('node:');
  expect(packageOf(frame('(garbage collector)', ''))).toBe('(garbage collector)');
});

test('time is summed by function and package, largest first, without the time spent waiting', () => {
  const nodes = [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('send', BAILEYS) },
    { id: 3, callFrame: frame('', BAILEYS) },
    { id: 4, callFrame: frame('(garbage collector)', '') },
  ];
  const table = tableOfCpu({ nodes, samples: [1, 2, 4, 2, 3], timeDeltas: [1_000, 10, 25, 5, 20] });
  expect(table.total).toBe(60);
  expect(table.byPackage).toEqual([
    ['@whiskeysockets/baileys', 35],
    ['(garbage collector)', 25],
  ]);
  expect(table.byFunction.map(([name]) => name)).toEqual([
    '(garbage collector)',
    '(anonymous) @whiskeysockets/baileys/lib/Socket/socket.js:10',
    'send @whiskeysockets/baileys/lib/Socket/socket.js:10',
  ]);
});

test('memory is summed over every call tree', () => {
  const leaf = { callFrame: frame('send', BAILEYS), selfSize: 100, children: [] };
  const head = { callFrame: frame('(root)', ''), selfSize: 0, children: [leaf, { ...leaf, selfSize: 50 }] };
  expect(tableOfHeap(head)).toMatchObject({ total: 150, byPackage: [['@whiskeysockets/baileys', 150]] });
});
