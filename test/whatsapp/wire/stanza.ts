import type { BinaryNode } from '@whiskeysockets/baileys';

/** A node of the binary protocol, as Baileys types it. */
export type Stanza = BinaryNode;

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A node; undefined attributes are left out, numbers become strings. */
export function stanza(tag: string, attributes: Attributes = {}, content?: Stanza['content']): Stanza {
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) attrs[name] = String(value);
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

/** The child nodes, or none when the content is text or bytes. */
export function childrenOf(node: Stanza | undefined): readonly Stanza[] {
  return Array.isArray(node?.content) ? node.content : [];
}

/** The first child of that tag. */
export function childOf(node: Stanza | undefined, tag: string): Stanza | undefined {
  return childrenOf(node).find((child) => child.tag === tag);
}

/** The content of a node as bytes; text counts as UTF-8, absence as empty. */
export function bytesOf(node: Stanza | undefined): Buffer {
  const content = node?.content;
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : Buffer.alloc(0);
}

/** Big-endian bytes of a whole number, as ids travel. */
export function bigEndian(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}
