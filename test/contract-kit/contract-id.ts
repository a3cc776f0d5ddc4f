import { randomBytes } from 'node:crypto';

const PREFIX = 'contract-';

/** A name that nobody else uses, and that says where it came from. */
export const contractId = (): string => `${PREFIX}${randomBytes(5).toString('hex')}`;

export const isContractId = (sessionId: string): boolean => sessionId.startsWith(PREFIX);
