// What goes to the backend and what comes back, whatever the dialect.

/** A call the backend understands; `path` begins with a slash and is put behind BACKEND_URL. */
export interface BackendRequest {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  body?: Record<string, unknown>;
}

/** What became of a call. */
export type BackendAnswer =
  /** The backend took it: a 2xx whose body is JSON or empty, and does not say `success: false`. */
  | { kind: 'accepted'; status: number; body: Record<string, unknown> }
  /** A 4xx but 408, 425 and 429: the same call will be answered the same. `sentence` is what the backend said, shortened, or what its status means. */
  | { kind: 'refused'; status: number; sentence: string; body: Record<string, unknown> }
  /** Anything else: worth another try. `status` is missing when no whole answer came (unreachable, timed out, closed, too large). `retryAfterMs` is at most an hour. */
  | { kind: 'failed'; status: number | undefined; sentence: string; retryAfterMs: number | undefined };

export interface BackendClient {
  /** Never rejects; settles within `timeoutMs` (10 s unless given), whatever the other side does. */
  call(request: BackendRequest, options?: { timeoutMs?: number }): Promise<BackendAnswer>;
  /** Ends what is under way; those calls answer `failed`. */
  close(): void;
}
