import { proto } from '../baileys.js';
import { atMost, shortText, timeOf, wholeNumber } from './bounded.js';
import { contactsOf } from './contact-card.js';
import { said, textOr, type Described, type Kind } from './described.js';
import { describeAudio, describeDocument, describeImage, describeSticker, describeVideo } from './media-details.js';
import { livePlaceOf, placeOf } from './place-details.js';
import { describeProtocol } from './protocol-details.js';

/** What a description needs beside the content itself. */
export interface Around {
  viewOnce: boolean;
  /** Text of a message inside of this one. */
  textOf: (message: proto.IMessage | null | undefined) => string | null;
}

type Describe<K extends Kind> = (inner: NonNullable<proto.IMessage[K]>, around: Around) => Described | undefined;

const LONGEST_ID = 200;
const LONGEST_PARAMS = 4_000;
const LONGEST_URL = 2_000;
const MOST_OPTIONS = 100;

const targetOf = (key: proto.IMessageKey | null | undefined) => said({ messageId: shortText(key?.id, LONGEST_ID) });

const text = (content: string | null | undefined): Described => ({ type: 'text', content: content ?? null });

const poll = ({ name, options, selectableOptionsCount }: proto.Message.IPollCreationMessage): Described => ({
  type: 'poll',
  content: shortText(name) ?? null,
  details: {
    question: shortText(name) ?? '',
    options: atMost(options, MOST_OPTIONS).map(({ optionName }) => shortText(optionName) ?? ''),
    selectable: wholeNumber(selectableOptionsCount) ?? 0,
  },
});

const choice = (content: string | null | undefined, id: string | null | undefined, params?: string | null): Described => ({
  type: 'choice',
  content: shortText(content) ?? null,
  details: said({ id: shortText(id), params: shortText(params, LONGEST_PARAMS) }),
});

/** How each kind of content is described; a kind that is not here goes by the protocol's name for it. */
export const CONTENT_KINDS: { readonly [K in Kind]?: Describe<K> } = {
  conversation: (content) => text(content),
  extendedTextMessage: (inner) => text(inner.text),

  imageMessage: (inner, { viewOnce }) => describeImage(inner, viewOnce),
  videoMessage: (inner, { viewOnce }) => describeVideo(inner, viewOnce, false),
  ptvMessage: (inner, { viewOnce }) => describeVideo(inner, viewOnce, true),
  audioMessage: (inner, { viewOnce }) => describeAudio(inner, viewOnce),
  documentMessage: describeDocument,
  stickerMessage: describeSticker,
  albumMessage: ({ expectedImageCount, expectedVideoCount }) => ({
    type: 'album',
    content: null,
    details: { images: wholeNumber(expectedImageCount) ?? 0, videos: wholeNumber(expectedVideoCount) ?? 0 },
  }),

  locationMessage: (inner) => ({ type: 'location', content: textOr(inner.comment), details: placeOf(inner) }),
  liveLocationMessage: (inner) => ({ type: 'location', content: textOr(inner.caption), details: livePlaceOf(inner) }),
  contactMessage: (inner) => ({ type: 'contacts', content: null, details: { contacts: contactsOf([inner]) } }),
  contactsArrayMessage: ({ contacts }) => ({ type: 'contacts', content: null, details: { contacts: contactsOf(contacts) } }),

  pollCreationMessage: poll,
  pollCreationMessageV2: poll,
  pollCreationMessageV3: poll,
  pollCreationMessageV5: poll,
  pollUpdateMessage: ({ pollCreationMessageKey: key }) => ({
    type: 'pollVote',
    content: null,
    details: said({ pollId: shortText(key?.id, LONGEST_ID) }),
  }),

  reactionMessage: ({ key, text: emoji }) => ({
    type: 'reaction',
    content: shortText(emoji) ?? null,
    details: { ...targetOf(key), emoji: shortText(emoji) ?? '' },
  }),
  pinInChatMessage: ({ key, type }) => ({
    type: 'pin',
    content: null,
    details: { ...targetOf(key), pinned: type === proto.Message.PinInChatMessage.Type.PIN_FOR_ALL },
  }),
  keepInChatMessage: ({ key, keepType }) => ({
    type: 'keep',
    content: null,
    details: { ...targetOf(key), kept: keepType === proto.KeepType.KEEP_FOR_ALL },
  }),
  commentMessage: ({ targetMessageKey, message }, { textOf }) => ({
    type: 'comment',
    content: textOf(message),
    details: targetOf(targetMessageKey),
  }),
  protocolMessage: (inner, { textOf }) => describeProtocol(inner, targetOf(inner.key), textOf),

  eventMessage: ({ name, description, startTime, endTime, joinLink, isCanceled, location }) => ({
    type: 'event',
    content: shortText(name) ?? null,
    details: said({
      name: shortText(name),
      description: shortText(description, LONGEST_PARAMS),
      startsAt: timeOf(startTime),
      endsAt: timeOf(endTime),
      joinLink: shortText(joinLink, LONGEST_URL),
      canceled: isCanceled === true,
      location: location ? placeOf(location) : undefined,
    }),
  }),
  encEventResponseMessage: ({ eventCreationMessageKey: key }) => ({ type: 'eventResponse', content: null, details: targetOf(key) }),
  groupInviteMessage: ({ groupJid, inviteCode, inviteExpiration, groupName, caption }) => ({
    type: 'groupInvite',
    content: textOr(caption),
    details: said({
      group: shortText(groupJid, LONGEST_ID),
      code: shortText(inviteCode, LONGEST_ID),
      name: shortText(groupName),
      expiresAt: timeOf(inviteExpiration),
    }),
  }),
  callLogMesssage: ({ isVideo, durationSecs }) => ({
    type: 'callLog',
    content: null,
    details: said({ video: isVideo === true, seconds: wholeNumber(durationSecs) }),
  }),

  buttonsResponseMessage: ({ selectedDisplayText, selectedButtonId }) => choice(selectedDisplayText, selectedButtonId),
  templateButtonReplyMessage: ({ selectedDisplayText, selectedId }) => choice(selectedDisplayText, selectedId),
  listResponseMessage: ({ title, singleSelectReply }) => choice(title, singleSelectReply?.selectedRowId),
  interactiveResponseMessage: ({ body, nativeFlowResponseMessage: flow }) => choice(body?.text, flow?.name, flow?.paramsJson),

  // Messages of businesses: what they say; what one can press is in their raw form.
  buttonsMessage: ({ contentText }) => ({ type: 'buttons', content: textOr(contentText) }),
  listMessage: ({ title, description }) => ({ type: 'list', content: textOr(description ?? title) }),
  interactiveMessage: ({ body }) => ({ type: 'interactive', content: textOr(body?.text) }),
  templateMessage: ({ hydratedTemplate, hydratedFourRowTemplate }) => ({
    type: 'template',
    content: textOr((hydratedTemplate ?? hydratedFourRowTemplate)?.hydratedContentText),
  }),
};
