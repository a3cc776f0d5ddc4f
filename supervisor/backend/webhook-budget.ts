/** How many webhooks the backend still takes now. */
export interface WebhookBudget {
  /** Milliseconds until the next webhook may leave; 0 takes a place now. */
  take(): number;
  /** True and a place taken when the budget is more than half full: for what may as well not be sent. */
  takeSpare(): boolean;
  /** The backend said that it is over: nothing leaves for so long. */
  pause(ms: number): void;
}
