import { expect, it } from 'vitest';
import { notifySettings } from '../../../supervisor/service-manager/notify-settings.js';

const PID = 4711;
const SOCKET = '/run/systemd/notify';

it.each([
  ['nobody wants to be told', {}, undefined],
  ['the socket is neither a path nor an abstract name', { NOTIFY_SOCKET: 'vsock:2:1234' }, undefined],
  ['nobody watches', { NOTIFY_SOCKET: SOCKET }, { socket: SOCKET, watchdogMs: undefined }],
  ['the socket is abstract', { NOTIFY_SOCKET: '@notify' }, { socket: '@notify', watchdogMs: undefined }],
  ['it watches the whole service', { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '30000000' }, { socket: SOCKET, watchdogMs: 30_000 }],
  ['it watches this process', { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '1500', WATCHDOG_PID: '4711' }, { socket: SOCKET, watchdogMs: 1.5 }],
  [
    'it watches another process',
    { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' },
    { socket: SOCKET, watchdogMs: undefined },
  ],
  ['it watches for no time', { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '0' }, { socket: SOCKET, watchdogMs: undefined }],
  ['the time is garbage', { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '30s' }, { socket: SOCKET, watchdogMs: undefined }],
])('what the service manager wants is read when %s', (_when, environment, expected) => {
  expect(notifySettings(environment, PID)).toEqual(expected);
});
