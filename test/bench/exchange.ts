import { request, type Agent } from 'node:http';

export interface Exchange {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
}

/** One request with as little work of this process as possible, whose processor time is not what is measured. */
export const exchange = async (
  agent: Agent,
  baseUrl: string,
  { method, path, body }: Exchange,
): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const outgoing = request(baseUrl + path, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
