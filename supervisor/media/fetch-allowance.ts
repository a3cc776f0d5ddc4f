// Exceptions an operator makes from the rule that media come from the public internet: `MEDIA_FETCH_ALLOW`.
import { isIP, type BlockList } from 'node:net';
import { blocksOf, plainAddress } from './public-address.js';

const HOST = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Hosts by name, and addresses, from which media may be fetched although they are not public, on any port. */
export interface FetchAllowance {
  hosts: ReadonlySet<string>;
  /** The entries that are addresses or blocks of them. */
  blocks: readonly string[];
}

export const NOTHING_ALLOWED: FetchAllowance = { hosts: new Set(), blocks: [] };

/** Reads a list of host names, addresses and CIDR blocks separated by commas. @returns undefined when an entry is none of these */
export const parseFetchAllowance = (text: string): FetchAllowance | undefined => {
  const entries = text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  const blocks = entries.filter(isBlock);
  const hosts = entries.filter((entry) => !isBlock(entry)).map((entry) => entry.replace(/\.$/, ''));
  return hosts.every(isHost) ? { hosts: new Set(hosts), blocks } : undefined;
};

/** Whether an address is among the allowed ones. */
export const allowedAddresses = ({ blocks }: FetchAllowance): ((address: string) => boolean) => {
  const list: BlockList = blocksOf(blocks);
  return (address) => list.check(plainAddress(address), isIP(plainAddress(address)) === 6 ? 'ipv6' : 'ipv4');
};

const isBlock = (entry: string): boolean => {
  const [network = '', prefix, ...rest] = entry.split('/');
  const family = isIP(network);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
};

/** Digits at the end would make a URL parser read an address. */
const isHost = (entry: string): boolean => HOST.test(entry) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(entry);
