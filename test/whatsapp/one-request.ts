/** Headers that end the connection with its first answer: an idle one may be ended by the server in the moment it is used again. */
export const ONE_REQUEST = { connection: 'close' } as const;
