/** Why a query is answered with an error: a code as WhatsApp has them (403 forbidden, 404 item-not-found, …) and its word. */
export class QueryRefused extends Error {
  constructor(
    readonly code: number,
    word: string,
  ) {
    super(word);
    this.name = 'QueryRefused';
  }
}

export const forbidden = (): QueryRefused => new QueryRefused(403, 'forbidden');
export const itemNotFound = (): QueryRefused => new QueryRefused(404, 'item-not-found');
export const conflict = (): QueryRefused => new QueryRefused(409, 'conflict');
export const badRequest = (): QueryRefused => new QueryRefused(400, 'bad-request');
