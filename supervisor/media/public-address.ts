// Which addresses of the network media may be fetched from.
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose IPv4 blocks, and the address under which Azure answers its machines alone. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Of IPv6 only global unicast is public at all: this leaves out loopback, local, multicast, IPv4 in disguise and NAT64. */
const GLOBAL_IPV6 = ['2000::/3'];
/** What is special inside of it: protocol assignments with Teredo, documentation, 6to4. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

/** An address in the one form that rules are asked about: no zone, and IPv4 as IPv4 also when it came as `::ffff:…`. */
export const plainAddress = (address: string): string => {
  const [bare = ''] = address.split('%');
  const [, dotted, high, low] = MAPPED.exec(bare) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return bare;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
};

/** Blocks in CIDR notation, or single addresses, as a list that can be asked. */
export const blocksOf = (blocks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const block of blocks) {
    const [network = '', prefix] = block.split('/');
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(network, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
};

const special4 = blocksOf(SPECIAL_IPV4);
const special6 = blocksOf(SPECIAL_IPV6);
const global6 = blocksOf(GLOBAL_IPV6);

/** Whether the address is one of the public internet; false for what is no address. @param address as `plainAddress` gives it */
export const isPublicAddress = (address: string): boolean => {
  switch (isIP(address)) {
    case 4:
      return !special4.check(address, 'ipv4');
    case 6:
      return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
    default:
      return false;
  }
};
