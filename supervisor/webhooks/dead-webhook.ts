/** An event that the consumer of webhooks did not take; what it says is read again when it is replayed. */
export interface DeadWebhook {
  /** Rises with each dead one. */
  id: number;
  sessionId: string;
  /** Of the session. Unix milliseconds. */
  createdAt: number;
  /** Number of the event. */
  seq: number;
  type: string;
  /** What the consumer answered; 0 when it did not. */
  status: number;
  sentence: string;
  /** When it was given up. */
  diedAt: number;
}
