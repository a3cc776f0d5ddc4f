import { MOST_OFTEN_FORWARDED, type Message } from '../../shared/domain/message.js';
import type { Quoted } from '../../shared/domain/message-details.js';
import { proto } from '../baileys.js';
import { atMost, jidOf, shortText } from './bounded.js';
import { CONTENT_KINDS, type Around } from './content-kinds.js';
import type { Described, Kind } from './described.js';
import { unwrapContent } from './unwrap-content.js';

export type Content = Pick<Message, 'type' | 'content' | 'details' | 'quoted' | 'mentions' | 'forwarded' | 'raw'>;

/** Fields of a message that carry no content of their own. */
const CARRIERS: ReadonlySet<string> = new Set<Kind>(['messageContextInfo', 'senderKeyDistributionMessage']);
/** Contents that hold a message of their own. */
const HOLDERS: ReadonlySet<string> = new Set<Kind>(['protocolMessage', 'commentMessage']);
const MOST_MENTIONS = 1_024;
const LONGEST_ID = 200;

/**
 * What a message says, as history keeps it; undefined when it says nothing, as one that only brings keys. Takes whatever can be decoded:
 * what makes no sense is left out, and what is too long is shortened.
 */
export const describeContent = (message: proto.IMessage): Content | undefined => {
  const { content, viewOnce } = unwrapContent(message);
  const kind = kindOf(content);
  if (!kind) return undefined;
  const described = describeKind(content, kind, viewOnce);
  return {
    ...described,
    ...aboutOthers(contextOf(content, kind)),
    // A text is all there is to it.
    ...(described.type !== 'text' && { raw: encoded(content) }),
  };
};

/** The field that a message fills. */
const kindOf = (content: proto.IMessage): Kind | undefined => {
  const filled = (Object.keys(content) as Kind[]).filter((name) => !CARRIERS.has(name) && (content[name] ?? undefined) !== undefined);
  return filled.find((name) => name in CONTENT_KINDS) ?? filled[0];
};

const describeKind = (content: proto.IMessage, kind: Kind, viewOnce: boolean): Described => {
  // The table has a description of the right type for every field.
  const describe = CONTENT_KINDS[kind] as ((inner: unknown, around: Around) => Described) | undefined;
  return describe?.(content[kind], { viewOnce, textOf }) ?? asItIsCalled(content, kind);
};

const asItIsCalled = (content: proto.IMessage, kind: Kind): Described => {
  const { caption } = content[kind] as { caption?: unknown };
  return { type: kind.replace(/Message(V\d+)?$/, ''), content: typeof caption === 'string' && caption !== '' ? caption : null };
};

const textOf = (message: proto.IMessage | null | undefined): string | null => inside(message)?.content ?? null;

/** A message inside of another one; what is inside of it in turn is not looked into: that might have no end. */
const inside = (message: proto.IMessage | null | undefined): Described | undefined => {
  if (!message) return undefined;
  const { content, viewOnce } = unwrapContent(message);
  const kind = kindOf(content);
  if (!kind) return undefined;
  return HOLDERS.has(kind) ? asItIsCalled(content, kind) : describeKind(content, kind, viewOnce);
};

/** An edit's is that of the new text. */
const contextOf = (content: proto.IMessage, kind: Kind): proto.IContextInfo | undefined => {
  const edited = kind === 'protocolMessage' && content.protocolMessage?.editedMessage;
  const inner = edited ? unwrapContent(edited).content : content;
  const value = inner[edited ? (kindOf(inner) ?? kind) : kind] as { contextInfo?: proto.IContextInfo | null } | null | undefined;
  return value?.contextInfo ?? undefined;
};

const aboutOthers = (context: proto.IContextInfo | undefined): Pick<Content, 'quoted' | 'mentions' | 'forwarded'> => {
  if (!context) return {};
  const quoted = quotedIn(context);
  const mentions = atMost(context.mentionedJid, MOST_MENTIONS).flatMap((jid) => jidOf(jid) ?? []);
  const often = Math.min(Math.max(context.forwardingScore ?? 1, 1), MOST_OFTEN_FORWARDED);
  return {
    ...(quoted && { quoted }),
    ...(mentions.length > 0 && { mentions }),
    ...(context.isForwarded && { forwarded: often }),
  };
};

const quotedIn = ({ stanzaId, participant, quotedMessage }: proto.IContextInfo): Quoted | undefined => {
  const messageId = shortText(stanzaId, LONGEST_ID);
  if (messageId === undefined) return undefined;
  const from = jidOf(participant);
  const quoted = inside(quotedMessage);
  return {
    messageId,
    ...(from !== undefined && { from }),
    ...(quoted && { type: quoted.type }),
    content: shortText(quoted?.content) ?? null,
  };
};

const encoded = (content: proto.IMessage): string =>
  Buffer.from(proto.Message.encode(proto.Message.fromObject(content)).finish()).toString('base64');
