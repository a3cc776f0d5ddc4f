import type { MediaFailureReason } from '../../shared/domain/media.js';

/** Why a file could not be had. */
export class MediaFailure extends Error {
  readonly reason: MediaFailureReason;

  /** @param detail for the log */
  constructor(reason: MediaFailureReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'MediaFailure';
    this.reason = reason;
  }
}
