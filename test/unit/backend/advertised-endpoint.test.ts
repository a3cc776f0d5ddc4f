import { expect, it } from 'vitest';
import { advertisedEndpoint, type EndpointSources } from '../../../supervisor/backend/advertised-endpoint.js';

const BASE: EndpointSources = {
  configured: undefined,
  backendUrl: 'https://gateway.test',
  listening: { host: '0.0.0.0', port: 8001 },
  podIp: undefined,
  inKubernetes: false,
  addresses: ['192.168.1.100', '172.17.0.1'],
  hostName: 'vm-7',
};
const LOCAL = { backendUrl: 'http://localhost:8000' };
const at = (host: string) => ({ listening: { host, port: 8001 } });

it.each<[string, Partial<EndpointSources>, string, RegExp?]>([
  ['the host name, for a backend elsewhere', {}, 'http://vm-7:8001'],
  ['what was configured, before all else', { configured: 'https://w.test/x', podIp: '10.1.2.3', ...LOCAL }, 'https://w.test/x'],
  ['loopback, for a backend on this machine', { ...LOCAL, podIp: '10.1.2.3' }, 'http://127.0.0.1:8001'],
  ['loopback, for a backend at 127.0.0.1', { backendUrl: 'http://127.0.0.1:8000' }, 'http://127.0.0.1:8001'],
  ['loopback, for a backend at [::1]', { backendUrl: 'http://[::1]:8000' }, 'http://127.0.0.1:8001'],
  ['loopback of the kind it listens on', { ...LOCAL, ...at('::1') }, 'http://[::1]:8001'],
  ['the one address it listens on, also for a backend on this machine', { ...LOCAL, ...at('192.168.1.5') }, 'http://192.168.1.5:8001'],
  ['the address of the pod', { podIp: '10.1.2.3', inKubernetes: true, ...at('0.0.0.0') }, 'http://10.1.2.3:8001'],
  ['an IPv6 address of the pod in brackets', { podIp: 'fd00::7' }, 'http://[fd00::7]:8001'],
  ['the address of the pod before that it listens on', { podIp: '10.1.2.3', ...at('10.9.9.9') }, 'http://10.1.2.3:8001'],
  ['the address it listens on', at('192.168.1.5'), 'http://192.168.1.5:8001'],
  ['the first outer address in Kubernetes', { inKubernetes: true }, 'http://192.168.1.100:8001'],
  ['the host name in Kubernetes without an outer address', { inKubernetes: true, addresses: [] }, 'http://vm-7:8001'],
  ['all IPv6 addresses are all addresses', at('::'), 'http://vm-7:8001'],
  ['loopback with a warning, when it listens there only', at('127.0.0.1'), 'http://127.0.0.1:8001', /this machine only.*WORKER_ENDPOINT/],
  ['a configured loopback with a warning', { configured: 'http://localhost:8001' }, 'http://localhost:8001', /this machine only/],
  [
    'a pod with a warning, when it listens on loopback only',
    { podIp: '10.1.2.3', ...at('127.0.0.1') },
    'http://10.1.2.3:8001',
    /listens on 127\.0\.0\.1 only/,
  ],
  ['no warning for a configured address with a proxy in front', { configured: 'https://w.test', ...at('127.0.0.1') }, 'https://w.test'],
])('is %s', (_what, changes, endpoint, warning) => {
  const advertised = advertisedEndpoint({ ...BASE, ...changes });
  expect(advertised.endpoint).toBe(endpoint);
  if (warning) expect(advertised.warning).toMatch(warning);
  else expect(advertised.warning).toBeUndefined();
});
