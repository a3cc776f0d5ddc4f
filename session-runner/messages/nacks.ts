// What WhatsApp's servers answer instead of accepting a message.
import { AppError, type ErrorCode } from '../../shared/errors.js';
import type { RestrictionKind } from '../../shared/domain/restriction.js';

interface Nack {
  code: ErrorCode;
  sentence: string;
  /** What the account may not do for a while. */
  restriction?: RestrictionKind;
}

const NACKS: Readonly<Record<string, Nack>> = {
  '403': { code: 'NOT_PERMITTED', sentence: 'WhatsApp does not let this account write to this chat.' },
  '404': { code: 'RECIPIENT_NOT_ON_WHATSAPP', sentence: 'WhatsApp does not know this recipient.' },
  '421': { code: 'MESSAGE_REJECTED', sentence: 'WhatsApp refused the message: the addressing of this chat is out of date.' },
  '429': { code: 'RATE_LIMITED', sentence: 'WhatsApp takes no more messages of this account for the moment.' },
  '463': {
    code: 'REACH_OUT_LIMITED',
    sentence: 'WhatsApp limits this account: for now it may not write to people who never wrote to it.',
    restriction: 'reach_out',
  },
  '475': {
    code: 'REACH_OUT_LIMITED',
    sentence: 'WhatsApp limits this account: it has used up the chats it may begin for now.',
    restriction: 'new_chats',
  },
  '479': { code: 'MESSAGE_REJECTED', sentence: 'WhatsApp refused the message as malformed.' },
  '500': { code: 'WHATSAPP_UNAVAILABLE', sentence: 'WhatsApp failed at the message.' },
  '503': { code: 'WHATSAPP_UNAVAILABLE', sentence: 'WhatsApp is not ready for messages.' },
};

/** The failure that an `error` of an `ack` is; `details.restriction` has the kind, if it restricts the account. */
export const nackError = (error: string): AppError => {
  const { code, sentence, restriction } = NACKS[error] ?? {
    code: 'MESSAGE_REJECTED' as const,
    sentence: `WhatsApp refused the message (code ${error}).`,
  };
  return new AppError(code, sentence, restriction && { details: { restriction } });
};
