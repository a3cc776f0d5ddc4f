import { ONE_REQUEST } from './one-request.js';

/** What the control API refused: its HTTP status, its code, and a sentence. */
export class WhatsappApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'WhatsappApiError';
  }
}

/** One request to the control API. Rejects with WhatsappApiError when it is refused. */
export type ControlCall = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** Requests to the control API at that address. */
export function controlCall(url: string): ControlCall {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...ONE_REQUEST, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    const { error, code } = answer as { error: string; code: string };
    throw new WhatsappApiError(response.status, code, error);
  };
}
