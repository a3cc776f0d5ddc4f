import { childrenOf, type Stanza } from '../wire/stanza.js';

/** The same stanza with the last byte of every ciphertext in it flipped, so that no one can decrypt it. */
export function corrupted(node: Stanza): Stanza {
  if (node.tag === 'enc' && node.content instanceof Uint8Array) {
    const content = Buffer.from(node.content);
    content.writeUInt8((content.at(-1) ?? 0) ^ 0xff, content.length - 1);
    return { ...node, content };
  }
  return Array.isArray(node.content) ? { ...node, content: childrenOf(node).map(corrupted) } : node;
}
