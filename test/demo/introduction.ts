// What to paste while the demo runs.
import { DEFAULT_ADMIN } from '../gateway/start-gateway.js';
import type { FleetScene } from '../support/fleet-scene.js';
import type { Cast } from './cast.js';

const { email, password } = DEFAULT_ADMIN;
const JSON_TYPE = "-H 'Content-Type: application/json'";

/** Where everything listens, and how to log in. */
export const addresses = ({ gateway, user, workers, whatsapp, folder }: FleetScene): string => `
gateway             ${gateway.url}
${workers.map(({ id, process }) => `${id.padEnd(20)}${process.baseUrl}, process ${process.child.pid}`).join('\n')}
simulated WhatsApp  ${whatsapp.url}, control ${whatsapp.controlUrl}
data                ${folder}

Log in to the gateway as ${email}, then look around in the same shell:

  TOKEN=$(curl -s ${user.api}/auth/login ${JSON_TYPE} -d '{"email":"${email}","password":"${password}"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${user.api}/workers -H "Authorization: Bearer $TOKEN"
  curl -s ${user.api}/workers/statistics -H "Authorization: Bearer $TOKEN"
  curl -s ${user.api}/sessions -H "Authorization: Bearer $TOKEN"
${workers.map(({ process }) => `  curl -s ${process.baseUrl}/health`).join('\n')}
`;

/** What to do with the two sessions, and which processes to kill. */
export const experiments = async ({ user, staleMs }: FleetScene, { alice, bob }: Cast, restartMs: number): Promise<string> => `
Send, and read what came in and what was reported:

  curl -s ${user.api}/sessions/alice/send -H "Authorization: Bearer $TOKEN" ${JSON_TYPE} -d '{"to":"${bob.number}","type":"text","message":"Hello from the shell"}'
  curl -s '${user.api}/sessions/bob/messages?limit=3' -H "Authorization: Bearer $TOKEN"
  curl -s ${user.api}/sessions/alice/reports -H "Authorization: Bearer $TOKEN"

Kill something and watch:

  kill -9 ${await alice.worker.process.runnerPidOf('alice')}   the runner that holds alice: she is back within seconds
  kill -9 ${bob.worker.process.child.pid}   bob's whole worker: offline for the gateway after ${staleMs / 1000} s, started again after ${restartMs / 1000} s

Ctrl-C ends the demo.
`;
