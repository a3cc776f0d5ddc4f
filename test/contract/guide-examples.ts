// The examples of the worker integration guide: names and types are the contract, values are only examples.

export interface GuideExample {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  request?: Record<string, unknown>;
  response: Record<string, unknown>;
}

export const GUIDE = {
  health: {
    method: 'GET',
    path: '/health',
    response: {
      success: true,
      data: { status: 'online', sessionCount: 25, cpuUsage: 45.5, memoryUsage: 67.8, uptime: 3600, maxSessions: 50 },
    },
  },
  create: {
    method: 'POST',
    path: '/session/create',
    request: { sessionId: 'user123-personal', userId: 'user123', sessionName: 'Personal WhatsApp' },
    response: {
      success: true,
      data: { sessionId: 'user123-personal', status: 'disconnected', message: 'Session created successfully' },
    },
  },
  connect: {
    method: 'POST',
    path: '/session/{sessionId}/connect',
    response: {
      success: true,
      data: { sessionId: 'user123-personal', status: 'qr_required', qrCode: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA' },
    },
  },
  status: {
    method: 'GET',
    path: '/session/{sessionId}/status',
    response: {
      success: true,
      data: {
        sessionId: 'user123-personal',
        status: 'connected',
        phoneNumber: '+6281234567890',
        lastActivity: '2024-01-15T10:30:00Z',
      },
    },
  },
  delete: {
    method: 'DELETE',
    path: '/session/{sessionId}',
    response: { success: true, message: 'Session deleted successfully' },
  },
  send: {
    method: 'POST',
    path: '/session/{sessionId}/send',
    request: { to: '6281234567890@s.whatsapp.net', type: 'text', message: 'Hello World!' },
    response: { success: true, data: { messageId: 'msg_12345', status: 'sent', timestamp: '2024-01-15T10:30:00Z' } },
  },
  messages: {
    method: 'GET',
    path: '/session/{sessionId}/messages?limit=50&offset=0',
    response: {
      success: true,
      data: {
        messages: [
          {
            id: 'msg_001',
            from: '6281234567890@s.whatsapp.net',
            to: '6289876543210@s.whatsapp.net',
            type: 'text',
            content: 'Hello!',
            timestamp: '2024-01-15T10:30:00Z',
            status: 'delivered',
          },
        ],
        pagination: { total: 150, limit: 50, offset: 0 },
      },
    },
  },
} as const satisfies Record<string, GuideExample>;

export type GuideCall = keyof typeof GUIDE;

/** The fields whose values, too, are part of the contract. */
export const ALLOWED_VALUES: Readonly<Record<string, readonly string[]>> = {
  'health.data.status': ['online'],
  'create.data.status': ['disconnected'],
  'create.data.message': ['Session created successfully'],
  'connect.data.status': ['qr_required', 'connecting', 'connected'],
  'status.data.status': ['disconnected', 'qr_required', 'connected', 'reconnecting', 'error'],
  'delete.message': ['Session deleted successfully'],
  'send.data.status': ['sent', 'delivered', 'read', 'played'],
  'messages.data.messages.0.status': ['pending', 'failed', 'sent', 'delivered', 'read', 'played'],
};
