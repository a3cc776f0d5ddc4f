/** One HTTP exchange, as it went over the wire. */
export interface Exchange {
  /** `sent`: the kit asked; `received`: the kit was asked. */
  direction: 'sent' | 'received';
  method: string;
  /** Whole address when sent, path with query when received. */
  url: string;
  /** Names in lower case. */
  requestHeaders: Record<string, string>;
  requestText: string;
  /** 0 when no answer came. */
  status: number;
  responseText: string;
  /** The parsed answer (the parsed request when received); undefined when it is not JSON. */
  body: unknown;
  /** Why no answer came. */
  failure?: string;
  /** Unix milliseconds. */
  startedAt: number;
  endedAt: number;
}

/** @returns the JSON value, or undefined when the text is none */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
