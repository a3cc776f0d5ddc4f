// Makes a session and pairs it with a phone of the simulated WhatsApp. argv: URL of the worker, file with its token, control URL, session id.
import { readFileSync } from 'node:fs';
import { WhatsappClient } from '../whatsapp/client.js';

const [worker = '', tokenFile = '', controlUrl = '', sessionId = ''] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`, 'Content-Type': 'application/json' };

const post = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const response = await fetch(worker + path, { method: 'POST', headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const answer = (await response.json()) as { data?: Record<string, unknown>; error?: string };
  if (!answer.data) throw new Error(`${path} answered ${response.status}: ${answer.error}`);
  return answer.data;
};

const phones = new WhatsappClient(controlUrl);
await post('/session/create', { sessionId });
const { qrCode } = await post(`/session/${sessionId}/connect`);
const { number } = await phones.createPhone({ name: sessionId });
await phones.scan(number, String(qrCode));
