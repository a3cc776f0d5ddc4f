import { withoutDevice } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import { MOST_READ, type TYPING_STATES } from '../../shared/ipc/queries/chat-queries.js';
import type { Commits } from '../events/event-log.js';
import type { Registry } from '../placement/registry.js';
import { connectedSlot, type SessionQueries } from '../queries/session-queries.js';
import type { History } from './history.js';
import { existing, namesOf } from './referred-messages.js';

export type TypingState = (typeof TYPING_STATES)[number];

interface ChatActionsOptions {
  history: History;
  /** Through which history is changed. */
  commits: Commits;
  registry: Pick<Registry, 'get'>;
  queries: Pick<SessionQueries, 'ask'>;
}

/** What one does in a chat without sending a message. Nothing of it is done later: the session must be connected. */
export class ChatActions {
  readonly #options: ChatActionsOptions;

  constructor(options: ChatActionsOptions) {
    this.#options = options;
  }

  async typing(sessionId: string, to: string, state: TypingState): Promise<void> {
    await this.#options.queries.ask(sessionId, 'chat.typing', { to, state });
  }

  /** Marks these received messages as read, or all unread ones of the chat. @returns the ids of those that were not */
  async read(sessionId: string, chat: string, ids: readonly string[] | undefined): Promise<string[]> {
    const { history, commits, queries } = this.#options;
    this.#assertConnected(sessionId);
    const messages = ids === undefined ? history.unread(sessionId, chat, MOST_READ) : await this.#received(sessionId, chat, ids);
    const unread = messages.filter(({ fromMe, status }) => !fromMe && status !== 'read');
    if (unread.length === 0) return [];
    await queries.ask(sessionId, 'chat.read', { messages: unread.map((message) => this.#names(sessionId, message)) });
    // Begun in one turn, the commits share one transaction.
    await Promise.all(unread.map(async (message) => commits.commit(history.markRead(sessionId, message))));
    return unread.map(({ id }) => id);
  }

  async star(sessionId: string, chat: string, id: string, starred: boolean): Promise<void> {
    this.#assertConnected(sessionId);
    const message = await existing(this.#options.history, sessionId, chat, id);
    await this.#options.queries.ask(sessionId, 'chat.star', { message: this.#names(sessionId, message), starred });
  }

  /** On the account's own devices; history keeps it. */
  async deleteForMe(sessionId: string, chat: string, id: string): Promise<void> {
    this.#assertConnected(sessionId);
    const message = await existing(this.#options.history, sessionId, chat, id);
    const { timestamp } = message;
    await this.#options.queries.ask(sessionId, 'chat.deleteForMe', { message: this.#names(sessionId, message), timestamp });
  }

  /** First: nothing of it is done later. */
  #assertConnected(sessionId: string): void {
    connectedSlot(this.#options.registry.get(sessionId));
  }

  async #received(sessionId: string, chat: string, ids: readonly string[]): Promise<Message[]> {
    const found: Message[] = [];
    for (const id of new Set(ids)) found.push(await existing(this.#options.history, sessionId, chat, id));
    return found;
  }

  #names(sessionId: string, message: Message): Pick<ReturnType<typeof namesOf>, 'messageId' | 'chat' | 'from' | 'fromMe'> {
    const { lid } = this.#options.registry.get(sessionId);
    const { messageId, chat, from, fromMe } = namesOf(message, lid && withoutDevice(lid));
    return { messageId, chat, from, fromMe };
  }
}
