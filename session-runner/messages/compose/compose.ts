import type { Outgoing, OutgoingType } from '../../../shared/domain/outgoing.js';
import type { Compose, Composed } from './composing.js';
import { composeContacts } from './contacts.js';
import { composeEdit } from './edit.js';
import { composeForward } from './forward.js';
import { composeLocation } from './location.js';
import { composeAudio, composeDocument, composeImage, composeSticker, composeVideo } from './media.js';
import { composePin } from './pin.js';
import { composePoll } from './poll.js';
import { composeReaction } from './reaction.js';
import { composeRevoke } from './revoke.js';
import { composeText } from './text.js';

/** How each type becomes a message of the protocol. */
const COMPOSE: { readonly [Type in OutgoingType]: Compose<Type> } = {
  text: composeText,
  location: composeLocation,
  contacts: composeContacts,
  poll: composePoll,
  reaction: composeReaction,
  edit: composeEdit,
  revoke: composeRevoke,
  pin: composePin,
  forward: composeForward,
  image: composeImage,
  video: composeVideo,
  audio: composeAudio,
  document: composeDocument,
  sticker: composeSticker,
};

/** The message to send; `me` is our own jid, without device. */
export const compose = ({ content, ...outgoing }: Outgoing, me: string): Composed => {
  // The table has a composition of the right type for every content.
  const composed = (COMPOSE[content.type] as Compose<OutgoingType>)(content, { ...outgoing, me });
  return { ...composed, message: withSecret(composed.message, outgoing.secret) };
};

/** From it come the keys of a poll's votes, and of reports of abuse, which nobody makes about a reaction. */
const withSecret = ({ messageContextInfo, ...message }: Composed['message'], secret: string): Composed['message'] =>
  message.reactionMessage
    ? message
    : { ...message, messageContextInfo: { ...messageContextInfo, messageSecret: Buffer.from(secret, 'base64') } };
