import { z } from 'zod';
import { jidOfCursor } from '../../chats/contact-cursor.js';
import { positionOf } from '../../messages/cursor.js';
import { count, Time } from './fields.js';
import { Status } from './message.js';
import { cursor, nextCursor } from './page.js';
import { ShownPerson } from './person.js';

const limit = count('limit', 1, 500, 50);
export const ChatsQuery = z.object({ limit, cursor: cursor(positionOf) });
export const ContactsQuery = z.object({ limit, cursor: cursor(jidOfCursor) });

const name = z.string().optional();

export const ListedChat = ShownPerson.omit({ jid: true })
  .extend({
    id: z.string().meta({ description: 'The address of the person or the group.' }),
    name: name.meta({ description: "As the account's owner calls it, else as it calls itself; of a group its subject." }),
    isGroup: z.boolean(),
    lastActivity: Time.meta({ description: 'Of its newest message.' }),
    lastMessage: z.object({
      id: z.string(),
      from: z.string(),
      fromMe: z.boolean(),
      type: z.string(),
      content: z.string().nullable().meta({ description: 'Its first 100 characters.' }),
      status: Status,
    }),
  })
  .meta({ id: 'Chat' });

export const ListedChats = z.object({
  chats: z.array(ListedChat),
  nextCursor,
  incomplete: z.literal(true).optional().meta({ description: 'Chats of earlier messages are still being looked for.' }),
});

const ListedContact = ShownPerson.extend({
  name: name.meta({ description: "As the account's owner calls the person." }),
  pushName: name.meta({ description: 'As they call themselves.' }),
  verifiedName: name.meta({ description: 'Of a business, as WhatsApp verified it.' }),
}).meta({ id: 'Contact' });

export const ListedContacts = z.object({ contacts: z.array(ListedContact), nextCursor });
