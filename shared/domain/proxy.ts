// Proxies through which a session connects, as URLs with a user and a password, which nobody is shown.

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);
/** Instead of a URL: no proxy, also where the worker has one. */
export const DIRECT = 'direct';
/** Stands for a password in answers; sent back, it leaves the password as it is. */
const MASK = '********';

export const PROXY_RULE = 'must be an http, https, socks5 or socks5h URL such as socks5://user:password@proxy.example.com:1080';
const LONGEST = 2_048;
const PRINTABLE = /^[\x21-\x7e]+$/;

export const isProxyUrl = (value: string): boolean => {
  if (value.length > LONGEST || !PRINTABLE.test(value) || !URL.canParse(value)) return false;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(value);
  return (
    PROTOCOLS.has(protocol) &&
    hostname !== '' &&
    (pathname === '' || pathname === '/') &&
    search + hash === '' &&
    [username, password].every(isDecodable)
  );
};

const isDecodable = (part: string): boolean => {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
};

/** Whether it has no password but what stands for one. */
export const isMaskedProxy = (url: string): boolean => URL.canParse(url) && new URL(url).password === MASK;

/** As it may be shown. */
export const maskedProxy = (url: string): string => {
  if (!URL.canParse(url)) return url;
  const shown = new URL(url);
  if (shown.password === '') return url;
  shown.password = MASK;
  return shown.href;
};

/** The proxy that applies to a session, if any. @param worker that of the worker */
export const proxyInUse = (session: string | undefined, worker: string | undefined): string | undefined => {
  const proxy = session ?? worker;
  return proxy === DIRECT ? undefined : proxy;
};
