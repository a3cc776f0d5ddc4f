import { addTransactionCapability, makeWASocket, type SignalDataSet, type WASocket } from '@whiskeysockets/baileys';
import { expect, it, onTestFinished } from 'vitest';
import { initAuthCreds } from '../../../session-runner/baileys.js';
import { baileysLogger } from '../../../session-runner/baileys-logger.js';
import { lightRelay } from '../../../session-runner/session/light-relay.js';
import { silent } from '../shared/logged.js';

const GROUP = '1@g.us';
const logger = baileysLogger(silent);
const KNOWN = { '5:1@lid': true };
const options = { messageId: 'A' };

/** A socket that has Baileys' own keys and does this when it relays. */
const open = (relayMessage: (sock: WASocket) => Promise<void>) => {
  const written: SignalDataSet[] = [];
  const keys = addTransactionCapability({ get: () => ({}), set: (data) => void written.push(data) }, logger, {
    maxCommitRetries: 1,
    delayBetweenTriesMs: 0,
  });
  const sock = {
    authState: { creds: {}, keys },
    relayMessage: async (): Promise<string> => {
      await keys.transaction(async () => relayMessage(sock), 'me');
      return 'A';
    },
  } as unknown as WASocket;
  return { keys, written, relay: lightRelay(sock) };
};

it('relays outside of a transaction, and leaves all others as they are', async () => {
  const inside: boolean[] = [];
  const { keys, relay, written } = open(async (sock) => {
    await sock.authState.keys.set({ tctoken: { a: null } });
    inside.push(sock.authState.keys.isInTransaction(), written.length === 1);
  });
  expect(await relay(GROUP, {}, options)).toBe('A');
  await keys.transaction(async () => {
    await keys.set({ tctoken: { b: null } });
    inside.push(keys.isInTransaction(), written.length === 1);
  }, 'me');
  expect(inside).toEqual([false, true, true, true]);
  expect(written).toEqual([{ tctoken: { a: null } }, { tctoken: { b: null } }]);
});

it('notes who has got the key of a group once the message has left, and not at all when it does not', async () => {
  let fails = false;
  const { relay, written } = open(async (sock) => {
    await sock.authState.keys.set({ 'sender-key-memory': { [GROUP]: KNOWN }, tctoken: { a: null } });
    expect(written.splice(0)).toEqual([{ tctoken: { a: null } }]);
    if (fails) throw new Error('it did not leave');
  });
  await relay(GROUP, {}, options);
  expect(written.splice(0)).toEqual([{ 'sender-key-memory': { [GROUP]: KNOWN } }]);
  fails = true;
  await expect(relay(GROUP, {}, options)).rejects.toThrow('it did not leave');
  expect(written).toEqual([]);
});

it('notes at once what others say of keys meanwhile', async () => {
  const { relay, written } = open(async (sock) => {
    // A member asked for a message again, and a message to another group has left.
    await sock.authState.keys.set({ 'sender-key-memory': { [GROUP]: null } });
    await sock.authState.keys.set({ 'sender-key-memory': { '2@g.us': KNOWN } });
    expect(written).toHaveLength(2);
  });
  await relay(GROUP, {}, options);
  expect(written).toHaveLength(2);
});

it('is what the socket of Baileys needs: it asks for its transaction before it waits for anything', async () => {
  const creds = { ...initAuthCreds(), me: { id: '628110000001:1@s.whatsapp.net', lid: '5:1@lid' } };
  const sock = makeWASocket({
    ...{ waWebSocketUrl: 'ws://127.0.0.1:1', logger, connectTimeoutMs: 0 },
    auth: { creds, keys: { get: () => ({}), set: () => undefined } },
  });
  onTestFinished(async () => sock.end(undefined));
  sock.ws.on('error', () => undefined);
  const seen: boolean[] = [];
  const get = sock.authState.keys.get.bind(sock.authState.keys);
  Object.assign(sock.authState.keys, {
    get: async (...args: Parameters<typeof get>) => {
      seen.push(sock.authState.keys.isInTransaction());
      return get(...args);
    },
  });
  // It is not connected, and finds out after it has looked for what it knows of the group.
  const relay = async (relayed: WASocket['relayMessage']): Promise<boolean[]> => {
    await expect(relayed(GROUP, { conversation: 'text' }, options)).rejects.toThrow();
    return seen.splice(0);
  };
  expect(await relay(sock.relayMessage.bind(sock))).toContain(true);
  const light = await relay(lightRelay(sock));
  expect(light.length).toBeGreaterThan(0);
  expect(light).not.toContain(true);
});
