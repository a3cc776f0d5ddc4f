import type { DetailedType, DetailsOf } from '../../shared/domain/message-details.js';
import type { proto } from '../baileys.js';

/** A field of a message that holds content. */
export type Kind = keyof proto.IMessage;

/** What one kind of content says. */
export type Detailed = {
  [Type in DetailedType]: { type: Type; content: string | null; details: DetailsOf<Type> };
}[DetailedType];

export type Described = Detailed | { type: string; content: string | null };

/** Without what is undefined: what the sender did not say, or said in a way that makes no sense. */
export const said = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

export const textOr = (value: string | null | undefined): string | null => (value === '' ? null : (value ?? null));
