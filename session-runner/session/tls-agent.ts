import { Agent } from 'node:https';
import { createSecureContext } from 'node:tls';

let shared: Agent | undefined;

/**
 * For connections over TLS that go through no proxy. Node.js makes a context for each of them, 16 kB that they can share. Nothing else is
 * shared: were one to resume the TLS session of another, WhatsApp would see that they belong together.
 */
export const tlsAgent = (): Agent => (shared ??= new Agent({ secureContext: createSecureContext(), maxCachedSessions: 0 }));
