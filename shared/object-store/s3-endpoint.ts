export interface S3Endpoint {
  host: string;
  port: number;
  useSsl: boolean;
}

const HOST = /^(?!-)[A-Za-z0-9_.-]{1,253}(?<!-)$/;
const BRACKETED = /^\[([0-9A-Fa-f:.]+)\]$/;

/**
 * Reads `host`, `host:port` or a URL. The scheme of a URL wins over `useSsl`. Without a port it is the scheme's own for a URL and for
 * Amazon's hosts, and 9000 for any other bare host, which is where MinIO listens.
 * @returns undefined for anything else
 */
export const parseEndpoint = (text: string, useSsl: boolean): S3Endpoint | undefined => {
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*)$/i.exec(text.trim()) ?? [];
  const ssl = scheme === undefined ? useSsl : scheme.toLowerCase() === 'https';
  // A path, a query or a user would silently be ignored.
  const [, name = '', digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(scheme === undefined ? rest : rest.replace(/\/$/, '')) ?? [];
  const host = BRACKETED.exec(name)?.[1] ?? (HOST.test(name) ? name.toLowerCase() : undefined);
  if (host === undefined) return undefined;
  const port = digits === undefined ? usualPort(host, ssl, scheme !== undefined) : Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port, useSsl: ssl } : undefined;
};

const usualPort = (host: string, useSsl: boolean, isUrl: boolean): number => {
  if (!isUrl && !/(^|\.)amazonaws\.com(\.cn)?$/.test(host)) return 9000;
  return useSsl ? 443 : 80;
};
