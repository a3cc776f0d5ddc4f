// A Ceph RADOS Gateway of the test's own: one monitor, one OSD that keeps everything in memory, one gateway, all on 127.0.0.1.
import { execFile, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { OwnObjectServer } from './object-server.js';
import { freePort } from '../free-port.js';
import { endServer, spawnServer, untilListening } from './server-process.js';

const run = promisify(execFile);
const ACCESS = { accessKey: 'gateway-test-key', secretKey: 'gateway-test-secret', region: 'us-east-1' };
const MEMORY_BYTES = 8 * 1024 ** 3;

/** @param root the folder into which Debian's packages were unpacked */
export const startRgw = async (root: string): Promise<OwnObjectServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'rgw-'));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    // The gateway first: it would wait for the others.
    for (const child of children.reverse()) await endServer(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await start(root, folder, children, stop);
  } catch (error) {
    await stop();
    throw error;
  }
};

const start = async (root: string, folder: string, children: ChildProcess[], stop: () => Promise<void>): Promise<OwnObjectServer> => {
  const libraries = join(root, 'usr/lib', multiarch(root));
  const env = {
    PATH: '/usr/bin:/bin',
    LD_LIBRARY_PATH: [libraries, join(root, 'lib', multiarch(root)), join(libraries, 'ceph')].join(':'),
  };
  const [monitorPort, port] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const monitor = `v2:127.0.0.1:${monitorPort}`;
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) mkdirSync(join(folder, name));
  const configuration = join(folder, 'ceph.conf');
  writeFileSync(configuration, toIni(settings(folder, libraries, fsid, monitor, port)));

  const binary = (name: string): string => join(root, 'usr/bin', name);
  const tool = async (name: string, ...args: string[]): Promise<unknown> => run(binary(name), args, { env });
  const spawn = (name: string, ...args: string[]): ChildProcess => {
    const child = spawnServer(binary(name), ['-c', configuration, ...args, '-f'], env, join(folder, 'log', `${name}.out`));
    children.push(child);
    return child;
  };

  await tool('monmaptool', '--create', '--addv', 'a', `[${monitor}]`, '--fsid', fsid, join(folder, 'monmap'));
  await tool('ceph-mon', '-c', configuration, '--mkfs', '-i', 'a', '--monmap', join(folder, 'monmap'));
  spawn('ceph-mon', '-i', 'a');
  await tool('ceph-osd', '-c', configuration, '--no-mon-config', '-i', '0', '--mkfs', '--osd-uuid', randomUUID());
  spawn('ceph-osd', '-i', '0');
  const keys = [`--access-key=${ACCESS.accessKey}`, `--secret-key=${ACCESS.secretKey}`];
  await tool('radosgw-admin', '-c', configuration, '-n', 'client.rgw', 'user', 'create', '--uid=test', '--display-name=test', ...keys);

  let gateway: ChildProcess;
  const startGateway = async (): Promise<void> => {
    gateway = spawn('radosgw', '-n', 'client.rgw');
    await untilListening(gateway, port, join(folder, 'log/radosgw.out'));
  };
  await startGateway();
  return {
    ...ACCESS,
    endpoint: `127.0.0.1:${port}`,
    port,
    useSsl: false,
    bucket: 'gateway-test',
    startGateway,
    stopGateway: async () => endServer(gateway),
    freeze: () => void gateway.kill('SIGSTOP'),
    thaw: () => void gateway.kill('SIGCONT'),
    stop,
  };
};

/** `x86_64-linux-gnu`, `aarch64-linux-gnu` … */
const multiarch = (root: string): string => {
  const name = readdirSync(join(root, 'usr/lib')).find((entry) => entry.endsWith('-linux-gnu'));
  if (name === undefined) throw new Error(`no libraries in ${root}`);
  return name;
};

type Settings = Record<string, Record<string, string | number>>;

const settings = (folder: string, libraries: string, fsid: string, monitor: string, port: number): Settings => ({
  global: {
    fsid,
    'mon host': monitor,
    'public network': '127.0.0.0/8',
    'ms bind ipv6': 'false',
    ...Object.fromEntries(['cluster', 'service', 'client'].map((side) => [`auth ${side} required`, 'none'])),
    ...Object.fromEntries(['client', 'service', 'cluster'].map((side) => [`ms mon ${side} mode`, 'crc'])),
    // One copy of everything, in pools as small as can be.
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 1,
    'osd pool default pg autoscale mode': 'off',
    'osd crush chooseleaf type': 0,
    'mon allow pool size one': 'true',
    'mon max pg per osd': 2_000,
    'mon data avail crit': 1,
    // Seconds; the usual ones wait for a cluster of machines.
    'paxos propose interval': 0.01,
    'paxos min wait': 0.005,
    'objecter tick interval': 0.2,
    // Nobody reads what the daemons note of every request, and it costs them a quarter of their time.
    ...Object.fromEntries(['ms', 'rgw', 'osd', 'mon', 'objecter', 'rados', 'monc', 'auth'].map((part) => [`debug ${part}`, '0/0'])),
    'osd enable op tracker': 'false',
    'run dir': join(folder, 'run'),
    'admin socket': '',
    'pid file': join(folder, 'run', '$name.pid'),
    'log file': join(folder, 'log', '$name.log'),
    'crash dir': join(folder, 'log'),
    'plugin dir': join(libraries, 'ceph'),
    'erasure code dir': join(libraries, 'ceph/erasure-code'),
    'osd class dir': join(libraries, 'rados-classes'),
    'osd class load list': '*',
    'osd class default list': '*',
  },
  'mon.a': { 'mon data': join(folder, 'mon'), 'mon cluster log file': join(folder, 'log/cluster.log'), 'mon initial members': 'a' },
  'osd.0': { 'osd data': join(folder, 'osd'), 'osd objectstore': 'memstore', 'memstore device bytes': MEMORY_BYTES },
  'client.rgw': {
    'rgw data': join(folder, 'rgw'),
    'rgw frontends': `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`,
    'rgw enable usage log': 'false',
    'rgw dynamic resharding': 'false',
    'rgw override bucket index max shards': 1,
    'rgw rados pool pg num min': 1,
  },
});

const toIni = (sections: Settings): string =>
  Object.entries(sections)
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join('')}`,
    )
    .join('');
