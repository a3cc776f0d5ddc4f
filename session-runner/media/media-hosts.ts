import type { BinaryNode, WASocket } from '../baileys.js';

/** Where files are, or can be uploaded, and the word that allows that. */
export interface MediaHosts {
  /** Host names, perhaps with a port; the best first. */
  hosts: readonly string[];
  auth: string;
}

const ANSWER_MS = 10_000;
const HOST = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/;

/**
 * Asks WhatsApp; Baileys' own question, once it failed, fails for as long as its socket lives.
 * @returns undefined when the answer makes no sense
 */
export const askForMediaHosts = async (sock: WASocket): Promise<MediaHosts | undefined> => {
  const question = {
    tag: 'iq',
    attrs: { type: 'set', xmlns: 'w:m', to: 's.whatsapp.net' },
    content: [{ tag: 'media_conn', attrs: {} }],
  };
  const answer = (await sock.query(question, ANSWER_MS)) as BinaryNode | undefined;
  const connection = childrenOf(answer, 'media_conn')[0];
  const auth = connection?.attrs['auth'];
  const hosts = childrenOf(connection, 'host').flatMap(({ attrs: { hostname } }) =>
    hostname !== undefined && HOST.test(hostname) ? [hostname] : [],
  );
  return auth === undefined || hosts.length === 0 ? undefined : { hosts, auth };
};

const childrenOf = (node: BinaryNode | undefined, tag: string): BinaryNode[] =>
  Array.isArray(node?.content) ? node.content.filter((child) => child.tag === tag) : [];
