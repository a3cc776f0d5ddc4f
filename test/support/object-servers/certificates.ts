import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  key: string;
  cert: string;
}

/** Self-signed, for `altName` (`IP:127.0.0.1`); with -1 for `days` it expired yesterday. */
export const makeCertificate = (altName: string, days: number): Certificate => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const file = (name: string): string => join(folder, name);
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')];
    openssl('req', ...newKey, '-subj', '/CN=object-server', '-out', file('request'));
    writeFileSync(file('extensions'), `subjectAltName=${altName}\n`);
    const sign = ['-signkey', file('key'), '-days', String(days), '-extfile', file('extensions')];
    openssl('x509', '-req', '-in', file('request'), ...sign, '-out', file('cert'));
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const hasOpenssl = (): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};
