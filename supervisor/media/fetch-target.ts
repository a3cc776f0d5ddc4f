import { Resolver, lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError } from '../../shared/errors.js';
import { allowedAddresses, type FetchAllowance } from './fetch-allowance.js';
import { isPublicAddress, plainAddress } from './public-address.js';

/** Addresses of a name; empty when it has none. */
export type Resolve = (host: string) => Promise<string[]>;

/** A URL that may be fetched, and the only addresses that may be connected to for it. */
export interface FetchTarget {
  url: URL;
  addresses: readonly { address: string; family: 4 | 6 }[];
}

/** Of public hosts; a host that is allowed by name or address may have any. */
const PUBLIC_PORTS = new Set(['', '80', '443', '8080', '8443']);
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/**
 * Decides whether media may be fetched from a URL. What it answers holds for the addresses it names, so whoever connects must connect to one
 * of these and not ask the name server again.
 */
export class FetchTargets {
  readonly #allow: FetchAllowance;
  readonly #isAllowed: (address: string) => boolean;
  readonly #resolve: Resolve;

  readonly #publicPorts: ReadonlySet<string>;

  /** @param publicPorts as a URL says them: empty for the one of its scheme */
  constructor(
    allow: FetchAllowance,
    resolve: Resolve = resolverOf(new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES })),
    publicPorts: ReadonlySet<string> = PUBLIC_PORTS,
  ) {
    this.#allow = allow;
    this.#isAllowed = allowedAddresses(allow);
    this.#resolve = resolve;
    this.#publicPorts = publicPorts;
  }

  /** @throws MEDIA_URL_REFUSED in the same words whatever it was about the host, so that nobody learns what is inside our network */
  async of(url: URL): Promise<FetchTarget> {
    if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') throw refused();
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    const named = this.#allow.hosts.has(host);
    const found = isIP(host) === 0 ? await (named ? systemLookup(host) : this.#resolve(host)) : [host];
    const addresses = found.map(plainAddress).filter((address) => isIP(address) !== 0);
    const anyPort = named || addresses.every(this.#isAllowed);
    if (addresses.length === 0 || (!anyPort && !this.#publicPorts.has(url.port))) throw refused();
    if (!named && !addresses.every((address) => this.#isAllowed(address) || isForeign(address))) throw refused();
    return { url, addresses: addresses.map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 })) };
  }
}

/** Asks name servers, both for IPv4 and IPv6; does not occupy the threads that files need, however slow a server is. */
export const resolverOf =
  (resolver: Resolver): Resolve =>
  async (host) => {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  };

/** Names an operator allowed may come from the hosts file, or need a search domain. */
const systemLookup: Resolve = async (host) => {
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
};

/** Public, and not an address of this machine, which may be public too. */
const isForeign = (address: string): boolean =>
  isPublicAddress(address) &&
  !Object.values(networkInterfaces()).some((ours) => ours?.some((own) => plainAddress(own.address) === address) === true);

const refused = (): AppError =>
  new AppError(
    'MEDIA_URL_REFUSED',
    'Media cannot be fetched from this URL: its host is unknown, not public, or its port is not one of the web.',
  );
