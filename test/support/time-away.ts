import type { ConnectionsView } from '../whatsapp/client.js';

/** The longest time since `from` for which this number's device had no connection, in milliseconds; endless while it has none. */
export const longestAway = (connections: ConnectionsView['connections'], number: string, from: number): number => {
  const own = connections
    .filter(({ deviceJid, loggedInAt }) => deviceJid?.startsWith(`${number}:`) === true && loggedInAt !== null)
    .map(({ loggedInAt, closedAt }) => ({ loggedInAt: loggedInAt ?? 0, closedAt: closedAt ?? Infinity }))
    .toSorted((one, other) => one.loggedInAt - other.loggedInAt);
  const gaps = own.map(({ closedAt }, at) =>
    closedAt < from || closedAt === Infinity ? 0 : (own[at + 1]?.loggedInAt ?? Infinity) - closedAt,
  );
  return own.length === 0 ? Infinity : Math.max(...gaps);
};
