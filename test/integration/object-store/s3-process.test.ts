import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { S3ObjectStore } from '../../../shared/object-store/s3-object-store.js';
import { rejects } from '../../contract/object-store-contract.js';
import { hasOpenssl, makeCertificate, type Certificate } from '../../support/object-servers/certificates.js';
import { FaultProxy } from '../../support/object-servers/fault-proxy.js';
import { HOW_TO_INSTALL, ownServers } from '../../support/object-servers/find.js';
import type { OwnObjectServer } from '../../support/object-servers/object-server.js';

const CLIENT = fileURLToPath(new URL('../../../dist/test/fixtures/object-store-client.js', import.meta.url));
const MEBIBYTE = 1024 * 1024;
/** STREAM_MEBIBYTES=1024 for the long form. */
const STREAM_MEBIBYTES = Number(process.env['STREAM_MEBIBYTES'] ?? 256);
const RETRIES = { attempts: 1 };

/** What is shown here is the client's doing: one server will do. */
const found = ownServers().slice(0, 1);
if (found.length === 0) it.skip(HOW_TO_INSTALL);

describe.each(found)('$name', ({ start }) => {
  let server: OwnObjectServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => server.stop());

  const runClient = async (
    options: object,
    mebibytes: number,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ seen: number; grownBytes: number }> => {
    const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, JSON.stringify({ ...server, ...options }), String(mebibytes)], {
      env: { PATH: process.env['PATH'], ...env },
    });
    return JSON.parse(stdout) as { seen: number; grownBytes: number };
  };
  const tlsProxy = async (tls: Certificate): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start(server.port, { tls });
    onTestFinished(async () => proxy.stop());
    return proxy;
  };
  const storeAt = (endpoint: string): S3ObjectStore => {
    const store = new S3ObjectStore({ ...server, endpoint, retries: RETRIES });
    onTestFinished(async () => store.close());
    return store;
  };

  it(`streams ${STREAM_MEBIBYTES} MiB there and back in less than 64 MiB`, async () => {
    const { seen, grownBytes } = await runClient({}, STREAM_MEBIBYTES);
    expect(seen).toBe(STREAM_MEBIBYTES * MEBIBYTE);
    console.log(`grown by ${(grownBytes / MEBIBYTE).toFixed(1)} MiB`);
    expect(grownBytes).toBeLessThan(64 * MEBIBYTE);
  });

  describe.skipIf(!hasOpenssl())('behind TLS (needs the openssl command)', () => {
    it('works with a certificate that NODE_EXTRA_CA_CERTS names', async () => {
      const certificate = makeCertificate('IP:127.0.0.1', 2);
      const proxy = await tlsProxy(certificate);
      const folder = mkdtempSync(join(tmpdir(), 'trusted-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const trusted = join(folder, 'ca.pem');
      writeFileSync(trusted, certificate.cert);
      const { seen } = await runClient({ endpoint: `https://${proxy.endpoint}` }, 20, { NODE_EXTRA_CA_CERTS: trusted });
      expect(seen).toBe(20 * MEBIBYTE);
    });

    it.each([
      ['expired', 'IP:127.0.0.1', -1],
      ['self-signed', 'IP:127.0.0.1', 2],
      ['foreign', 'DNS:elsewhere.example', 2],
    ] as const)('refuses a certificate that is %s', async (_what, altName, days) => {
      const proxy = await tlsProxy(makeCertificate(altName, days));
      await rejects(storeAt(`https://${proxy.endpoint}`).open(), 'tls');
    });

    it.each([
      ['expired', 'IP:127.0.0.1', -1, /CERT_HAS_EXPIRED/],
      ['for another host', 'DNS:elsewhere.example', 2, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ] as const)('refuses a trusted certificate that is %s', async (_what, altName, days, code) => {
      const certificate = makeCertificate(altName, days);
      const proxy = await tlsProxy(certificate);
      const folder = mkdtempSync(join(tmpdir(), 'trusted-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const trusted = join(folder, 'ca.pem');
      writeFileSync(trusted, certificate.cert);
      await expect(
        runClient({ endpoint: `https://${proxy.endpoint}`, retries: RETRIES }, 1, { NODE_EXTRA_CA_CERTS: trusted }),
      ).rejects.toThrow(code);
    });

    it('finds nobody when it speaks plain HTTP to a TLS port that hangs up', async () => {
      const proxy = await tlsProxy(makeCertificate('IP:127.0.0.1', 2));
      await rejects(storeAt(`http://${proxy.endpoint}`).open(), 'unreachable');
    });
  });
});
