import type { Outgoing } from '../../shared/domain/outgoing.js';
import { AppError } from '../../shared/errors.js';
import type { Store } from '../../shared/store/store.js';
import type { BinaryNode, WASocket } from '../baileys.js';
import type { InFlightMarks } from '../in-flight.js';
import type { Sent } from '../session/connection-options.js';
import { lightRelay } from '../session/light-relay.js';
import { Acks } from './acks.js';
import { keptOf, prepare, relay } from './outbound.js';
import { type } from './typing.js';

interface SendLaneOptions {
  sock: WASocket;
  sessionId: string;
  store: Store;
  inFlight: InFlightMarks;
  /** Lets nothing leave before this commit is on disk. */
  hold: (commit: Promise<void>) => void;
  isOpen: () => boolean;
  /** WhatsApp took too long for a message: the connection is to be ended. */
  onUnconfirmed: () => void;
}

const ACK_TIMEOUT_MS = 10_000;
/** A send whose bytes did not leave by then has met a stuck socket. */
const RELAY_TIMEOUT_MS = 10_000;

/** What one connection sends, one message after the other, each until WhatsApp has confirmed it. */
export class SendLane {
  readonly #options: SendLaneOptions;
  readonly #relayMessage: WASocket['relayMessage'];
  readonly #acks = new Acks();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SendLaneOptions) {
    this.#options = options;
    this.#relayMessage = lightRelay(options.sock);
  }

  /** Resolves with the time of WhatsApp's ack. @param typingMs for how long the recipient sees "typing" before */
  async send(message: Outgoing, typingMs: number): Promise<Sent> {
    const { sock, isOpen } = this.#options;
    const turn = this.#queue.then(async () => {
      if (typingMs > 0 && isOpen()) await type(sock, message.to, typingMs);
      return this.#relay(message);
    });
    this.#queue = turn.then(
      // Receipts are handled between two sends only if the loop gets a turn.
      async () => new Promise((resolve) => setImmediate(resolve)),
      () => undefined,
    );
    const { raw, acked } = await turn;
    const timestamp = await acked;
    return { timestamp, ...(raw !== undefined && { raw }) };
  }

  /** Resolves when nothing is being sent; confirmations may still be missing. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** To be called with every `<ack class="message">`. */
  acked(node: BinaryNode): void {
    this.#acks.settle(node);
  }

  /** Nothing is confirmed any more. */
  end(): void {
    this.#acks.cancelAll(new AppError('RUNNER_UNAVAILABLE', 'The connection closed before WhatsApp confirmed the message.'));
  }

  async #relay(message: Outgoing): Promise<{ raw: string | undefined; acked: Promise<number> }> {
    const { sock, sessionId, store, inFlight, hold, isOpen, onUnconfirmed } = this.#options;
    if (!isOpen()) throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
    const acked = this.#acks.wait(message.messageId, RELAY_TIMEOUT_MS + ACK_TIMEOUT_MS, onUnconfirmed);
    // Whoever waits for the ack sees its rejection; this send may fail before.
    acked.catch(() => undefined);
    const stuck = setTimeout(onUnconfirmed, RELAY_TIMEOUT_MS);
    try {
      const end = inFlight.begin(sessionId, 'send');
      const prepared = prepare(sock, message);
      const relayed = prepared
        .then(async (ready) => {
          // Begun now, it shares a transaction with the ratchet steps that follow.
          const kept = store.commit([keptOf(sessionId, ready)]);
          hold(kept);
          await Promise.all([kept, relay(this.#relayMessage, ready)]);
        })
        .finally(end);
      // The ack may overtake what is left to do after the bytes have gone.
      await Promise.race([relayed, acked]);
      return { raw: (await prepared).raw, acked };
    } catch (error) {
      const failure = error instanceof AppError ? error : new AppError('INTERNAL', 'The message could not be sent.', { cause: error });
      this.#acks.cancel(message.messageId, failure);
      throw failure;
    } finally {
      clearTimeout(stuck);
    }
  }
}
