import type { ContentOf, Outgoing, OutgoingType } from '../../../shared/domain/outgoing.js';
import type { BinaryNode, proto } from '../../baileys.js';

/** What a composition needs beside the content; `me` is our own jid, without device. */
export interface Composing extends Omit<Outgoing, 'content'> {
  me: string;
}

/** A message, and what its stanza says beside it. */
export interface Composed {
  message: proto.IMessage;
  attributes?: Record<string, string>;
  nodes?: BinaryNode[];
}

/** Pure: the same in, the same out. */
export type Compose<Type extends OutgoingType> = (content: ContentOf<Type>, composing: Composing) => Composed;
