import type { BinaryNode } from '../baileys.js';

/** Where files can be uploaded, and the word that allows it. */
export interface MediaHosts {
  /** Host names, perhaps with a port; the best first. */
  hosts: readonly string[];
  auth: string;
}

const HOST = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/;

/**
 * Asks WhatsApp; Baileys' own question, once it failed, fails for as long as its socket lives.
 * @returns undefined when the answer makes no sense
 */
export const askForMediaHosts = async (query: (node: BinaryNode) => Promise<BinaryNode | undefined>): Promise<MediaHosts | undefined> => {
  const answer = await query({
    tag: 'iq',
    attrs: { type: 'set', xmlns: 'w:m', to: 's.whatsapp.net' },
    content: [{ tag: 'media_conn', attrs: {} }],
  });
  const connection = childrenOf(answer, 'media_conn')[0];
  const auth = connection?.attrs['auth'];
  const hosts = childrenOf(connection, 'host').flatMap(({ attrs: { hostname } }) =>
    hostname !== undefined && HOST.test(hostname) ? [hostname] : [],
  );
  return auth === undefined || hosts.length === 0 ? undefined : { hosts, auth };
};

const childrenOf = (node: BinaryNode | undefined, tag: string): BinaryNode[] =>
  Array.isArray(node?.content) ? node.content.filter((child) => child.tag === tag) : [];
