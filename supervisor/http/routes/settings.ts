import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { SessionPath } from '../schemas/session.js';
import { EffectiveSettings, EXAMPLE_SETTINGS, SettingsPatch } from '../schemas/settings.js';

const ALICE = { id: 'alice' };

export const settingsEndpoints = ({ settings }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/settings', tag: 'sessions' },
    summary: 'What applies to a session.',
    params: SessionPath,
    data: EffectiveSettings,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    examples: { usual: { params: ALICE, data: EXAMPLE_SETTINGS } },
    handle: ({ params: { id } }) => settings.get(id),
  }),
  endpoint({
    ...{ method: 'patch', path: '/session/:id/settings', tag: 'sessions' },
    summary: 'Changes what applies to a session, at once.',
    params: SessionPath,
    body: SettingsPatch('the body'),
    data: EffectiveSettings,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE', 'DRAINING'],
    examples: {
      'mark as read': { params: ALICE, body: { readReceipts: true }, data: { ...EXAMPLE_SETTINGS, readReceipts: true } },
    },
    handle: async ({ params: { id }, body }) => settings.change(id, body),
  }),
];
