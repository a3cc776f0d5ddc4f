import { randomBytes } from 'node:crypto';

/** A name that nobody else uses, and that says where it came from. */
export const contractId = (): string => `contract-${randomBytes(5).toString('hex')}`;
