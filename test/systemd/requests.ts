// Requests at a steady rate until SIGTERM; prints what became of them as one line of JSON. argv: port, file with the token, `keep-alive` or `close`.
import { readFileSync } from 'node:fs';
import { startSteadyRequests } from '../support/steady-requests.js';

const [port, tokenFile, connections] = process.argv.slice(2);
const keepAlive = connections === 'keep-alive';
const stop = startSteadyRequests({
  port: Number(port),
  perSecond: 50,
  keepAlive,
  headers: { Authorization: `Bearer ${readFileSync(tokenFile ?? '', 'utf8').trim()}` },
  make: (n) =>
    n % 10 === 0
      ? { method: 'POST', path: '/session/create', body: { sessionId: `${connections}-${n}` } }
      : { method: 'GET', path: n % 2 === 0 ? '/health' : '/sessions' },
});
process.once('SIGTERM', () => {
  void stop().then((result) => {
    console.log(JSON.stringify(result));
  });
});
