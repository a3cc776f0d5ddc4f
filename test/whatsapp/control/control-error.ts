/** What the control API answers when it cannot do as asked: an HTTP status, a code for programs, a sentence for people. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ControlError';
  }
}
