// A name server on loopback that says what a test wants to hear, also something else every time.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface NameServer {
  /** For `Resolver.setServers`. */
  readonly address: string;
  /** Names that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const A = 1;
const AAAA = 28;
const HEADER_BYTES = 12;

/** @param answer addresses of a name, IPv4 or IPv6; `time` counts its questions of that type from 0 */
export const startNameServer = async (answer: (name: string, time: number) => readonly string[]): Promise<NameServer> => {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  const times = new Map<string, number>();
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    const key = `${name} ${type}`;
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    asked.push(name);
    const records = answer(name, time).filter((address) => (address.includes(':') ? type === AAAA : type === A));
    socket.send(answerTo(query.subarray(0, end), type, records), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
};

const questionOf = (query: Buffer): { name: string; type: number; end: number } => {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
};

const answerTo = (question: Buffer, type: number, addresses: readonly string[]): Buffer => {
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  // An answer, recursion available, no error.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  const records = addresses.map((address) => {
    const bytes = type === A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
    // Name as in the question, type, class IN, to be forgotten at once.
    const head = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length]);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([header, question.subarray(HEADER_BYTES), ...records]);
};

/** Of an address in full or with one `::`, without dotted parts. */
const ipv6Bytes = (address: string): Buffer => {
  const [left = '', right] = address.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const tail = right === undefined ? [] : words(right);
  const head = words(left);
  const all = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const bytes = Buffer.alloc(16);
  for (const [place, word] of all.entries()) bytes.writeUInt16BE(parseInt(word, 16), 2 * place);
  return bytes;
};
