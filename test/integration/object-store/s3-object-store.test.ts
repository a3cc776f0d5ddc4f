import { it } from 'vitest';
import { S3ObjectStore } from '../../../shared/object-store/s3-object-store.js';
import { objectStoreContract } from '../../contract/object-store-contract.js';
import { HOW_TO_INSTALL, servers } from '../../support/object-servers/find.js';

const found = servers();
for (const { name, start } of found) {
  objectStoreContract(name, async () => {
    const server = await start();
    return { store: new S3ObjectStore(server), close: server.stop };
  });
}
if (found.length === 0) it.skip(HOW_TO_INSTALL);
