// Sessions in the layout of the guide, wherever they lie.

/** A folder, or the objects under a prefix. */
export interface SourceFolder {
  /** Of the files right in it. */
  names: readonly string[];
  read(name: string): Promise<Buffer>;
}

export interface SourceSession {
  /** As the folder is called; not yet known to be a session id. */
  sessionId: string;
  /** The classic files. */
  auth: SourceFolder;
  messages: SourceFolder;
  /** What `session-data.json` holds. */
  description: () => Promise<Buffer | undefined>;
  /** What `contacts.json` holds. */
  contacts: () => Promise<Buffer | undefined>;
}

export const NO_FILES: SourceFolder = {
  names: [],
  read: async (name) => Promise.reject(new Error(`there is no file ${name}`)),
};

/** Where the guide puts what, below a session; `contacts.json` is ours. */
export const LAYOUT = {
  auth: 'auth_info_baileys',
  messages: 'messages',
  description: 'session-data.json',
  contacts: 'contacts.json',
} as const;

/** This session cannot be taken over or given away as it is; the message says why. */
export class TransferRefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransferRefusedError';
  }
}

/** It belongs to somebody else and is passed over. */
export class NotOursError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotOursError';
  }
}
