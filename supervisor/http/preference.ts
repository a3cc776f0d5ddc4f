// What a client would like, by RFC 7240.
export const PREFERENCE = 'respond-async';

/** Whether a `Prefer` header asks for an answer before the work is done. */
export const isAsynchronous = (header: string | undefined): boolean =>
  (header ?? '').split(',').some((preference) => preference.split(';')[0]?.trim().toLowerCase() === PREFERENCE);
