#!/usr/bin/env node
// Carries out the Dockerfile without a container engine: its very commands, in a Debian of its own, from a fresh clone; then runs the
// result as the image says, with a read-only root. Also reads deploy/compose.yaml. Needs what .ci/debian-tree needs, and the npm
// registry and a Debian mirror; says so and skips without root. Ends in `N passed, N failed`.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '..');
const count = { passed: 0, failed: 0 };
const check = (what, holds, detail = '') => {
  count[holds ? 'passed' : 'failed']++;
  console.log(`  ${holds ? '✓' : '✗'} ${what}${holds || detail === '' ? '' : `\n${detail}`}`);
};
const finish = () => {
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exit(count.failed > 0 ? 1 : 0);
};

const checkCompose = () => {
  console.log('── deploy/compose.yaml');
  const { services, volumes } = parse(readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8'), { merge: true });
  check(
    'is YAML with a worker, an example of a second one, and an object store',
    Object.keys(services).join() === 'worker,worker-2,object-store',
  );
  for (const [name, service] of Object.entries(services)) {
    const named = (service.volumes ?? []).map((volume) => volume.split(':')[0]);
    check(`${name} keeps what it has in a volume that is declared`, named.length > 0 && named.every((volume) => volume in volumes));
  }
  const data = [services.worker, services['worker-2']].flatMap((worker) => worker.volumes);
  check('no two workers share a data folder', new Set(data).size === 2);
  const ids = [services.worker, services['worker-2']].map(({ environment }) => environment.WORKER_ID);
  check('or an id', new Set(ids).size === 2);
  const secrets = /TOKEN|SECRET|KEY/;
  const inFile = Object.values(services).flatMap(({ environment }) => Object.entries(environment).filter(([key]) => secrets.test(key)));
  check(
    'no secret is written into it',
    inFile.every(([, value]) => /^\$\{\w+:\?/.test(value)),
  );
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  check('every service has a health check', dockerfile.includes('HEALTHCHECK') && services['object-store'].healthcheck !== undefined);
};

/** Instructions of a Dockerfile: `{ name, text }`, comments and continued lines taken away. */
const instructions = (text) =>
  text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ name: line.split(/\s/, 1)[0], text: line.slice(line.indexOf(' ') + 1).trim() }));

/** What a shell would make of `A=b C="d e"` with the variables known so far. */
const assignments = (text, known) =>
  [...text.matchAll(/(\S+?)=("[^"]*"|\S*)/g)].map(([, key, value]) => [key, expand(value.replace(/^"|"$/g, ''), known)]);
const expand = (text, known) => text.replace(/\$\{(\w+)\}/g, (_, name) => known[name] ?? '');

const checkImage = async () => {
  const found = spawnSync(join(ROOT, '.ci/debian-tree'), { encoding: 'utf8' });
  if (found.status !== 0) {
    console.log(`skipped the image: ${found.stdout.trim()}`);
    return;
  }
  const tree = found.stdout.trim();
  const work = mkdtempSync(join(tmpdir(), 'image-'));
  let container;
  try {
    const image = build(tree, work);
    if (image) await runImage(image, work, (child) => (container = child));
  } finally {
    if (container && container.exitCode === null && container.signalCode === null) container.kill('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  }
};

/** The base image: Debian with the Node.js that `NODE_BINARY` names, else the one that runs this, and npm. */
const makeBase = (tree, root) => {
  execFileSync('cp', ['-a', tree, root]);
  const npm = dirname(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())));
  cpSync(process.env.NODE_BINARY ?? process.execPath, join(root, 'usr/local/bin/node'));
  execFileSync('cp', ['-a', npm, join(root, 'usr/local/lib/npm')]);
  execFileSync('ln', ['-s', '../lib/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
};

/** Files that Docker would send: those of the last commit, or of the work tree, that .dockerignore lets through. */
const makeContext = (folder) => {
  mkdirSync(folder);
  const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  }).split('\0');
  const kept = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []));
  for (const file of files) {
    if (!kept.some((path) => file === path || file.startsWith(`${path}/`)) || !existsSync(join(ROOT, file))) continue;
    cpSync(join(ROOT, file), join(folder, file));
  }
};

const build = (tree, work) => {
  console.log('── Dockerfile');
  const context = join(work, 'context');
  makeContext(context);
  const globals = {};
  const stages = new Map();
  let stage;
  for (const { name, text } of instructions(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))) {
    const known = { ...globals, ...stage?.args, ...stage?.env };
    const inside = (path) => join(stage.root, path.startsWith('/') ? path : join(stage.workdir, path));
    switch (name) {
      case 'ARG':
        Object.assign(stage ? stage.args : globals, Object.fromEntries(assignments(text, known)));
        break;
      case 'FROM': {
        const alias = /\sAS\s+(\S+)$/.exec(text)?.[1] ?? `stage-${stages.size}`;
        stage = { root: join(work, alias), workdir: '/', args: {}, env: {}, labels: {} };
        stages.set(alias, stage);
        makeBase(tree, stage.root);
        break;
      }
      case 'WORKDIR':
        stage.workdir = text;
        mkdirSync(inside(text), { recursive: true });
        break;
      case 'COPY': {
        const words = text.split(/\s+/);
        const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : undefined;
        const target = words.pop();
        for (const source of words) {
          const path = join(from ? from.root : context, source);
          const isFolder = statSync(path).isDirectory();
          cpSync(path, isFolder || !target.endsWith('/') ? inside(target) : join(inside(target), source), { recursive: true });
        }
        break;
      }
      case 'RUN': {
        const startedAt = performance.now();
        const { status, stdout, stderr } = spawnSync('systemd-nspawn', [...buildFlags(stage), '/bin/sh', '-c', text], { encoding: 'utf8' });
        const seconds = Math.round((performance.now() - startedAt) / 1_000);
        check(`RUN ${text.slice(0, 60)} (${seconds} s)`, status === 0, `${stdout}${stderr}`.slice(-2_000));
        if (status !== 0) return undefined;
        break;
      }
      case 'ENV':
        Object.assign(stage.env, Object.fromEntries(assignments(text, known)));
        break;
      case 'LABEL':
        Object.assign(stage.labels, Object.fromEntries(assignments(text, known)));
        break;
      case 'HEALTHCHECK':
        stage.health = JSON.parse(text.slice(text.indexOf('CMD ') + 4));
        break;
      case 'ENTRYPOINT':
      case 'CMD':
      case 'VOLUME':
        stage[name] = JSON.parse(text);
        break;
      case 'USER':
      case 'EXPOSE':
      case 'STOPSIGNAL':
        stage[name] = text;
        break;
      default:
        check(`the instruction ${name} is known here`, false);
    }
  }
  return stage;
};

/** With this machine's network and certificate authorities, and nothing of it that a command could change. */
const buildFlags = ({ root, workdir, env }) => {
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  return [
    ...['--quiet', '--register=no', '--keep-unit', '--pipe', '--as-pid2', `--directory=${root}`, `--chdir=${workdir}`],
    ...Object.entries(env).map(([key, value]) => `--setenv=${key}=${value}`),
    ...(authorities ? [`--bind-ro=${authorities}:/run/authorities.pem`, '--setenv=NODE_EXTRA_CA_CERTS=/run/authorities.pem'] : []),
  ];
};

const runImage = async (image, work, onContainer) => {
  console.log('── the image, run');
  check(
    'its command, user, port, signal and volume are said',
    image.ENTRYPOINT &&
      image.CMD &&
      image.USER === '10001:10001' &&
      image.EXPOSE === '8001' &&
      image.STOPSIGNAL === 'SIGTERM' &&
      image.VOLUME?.[0] === '/data',
  );
  check('its labels are filled in', Object.values(image.labels).length >= 4 && Object.values(image.labels).every((value) => value !== ''));
  check(
    'tools for building stayed behind',
    !existsSync(join(image.root, 'app/node_modules/typescript')) && existsSync(join(image.root, 'app/node_modules/lmdb')),
  );
  const size = Number(execFileSync('du', ['-sm', join(image.root, 'app')], { encoding: 'utf8' }).split('\t')[0]);
  check(`the application takes ${size} MiB, less than 200`, size < 200);

  const [uid, gid] = image.USER.split(':').map(Number);
  const data = join(work, 'data');
  execFileSync('install', ['--directory', `--owner=${uid}`, `--group=${gid}`, '--mode=0700', data]);
  for (const time of ['an empty volume', 'the volume of before']) {
    const lines = [];
    const flags = [
      ...[
        '--quiet',
        '--register=no',
        '--keep-unit',
        '--pipe',
        '--read-only',
        '--private-network',
        '--kill-signal=SIGTERM',
        '--user=worker',
      ],
      ...[`--directory=${image.root}`, `--chdir=${image.workdir}`, `--bind=${data}:/data`],
      ...Object.entries(image.env).map(([key, value]) => `--setenv=${key}=${value}`),
    ];
    const container = spawn('systemd-nspawn', [...flags, ...image.ENTRYPOINT, ...image.CMD], { stdio: ['ignore', 'pipe', 'pipe'] });
    onContainer(container);
    const isOver = new Promise((done) => container.once('close', done));
    for (const stream of [container.stdout, container.stderr]) stream.on('data', (chunk) => lines.push(chunk.toString()));
    const listens = () => lines.join('').includes('worker is listening');
    for (let tries = 0; tries < 300 && !listens() && container.exitCode === null; tries++) await sleep(100);
    check(`starts on ${time}, with everything else read-only`, listens(), lines.join('').slice(-2_000));
    if (!listens()) return;
    const init = childOf(container.pid);
    const status = readFileSync(`/proc/${init}/status`, 'utf8');
    check(
      'its init runs as 10001',
      new RegExp(`^Uid:\\s+${uid}\\s`, 'm').test(status) && readFileSync(`/proc/${init}/comm`, 'utf8').trim() === 'tini',
    );
    const enter = ['--target', String(init), '--all', `--setuid=${uid}`, `--setgid=${gid}`, '--'];
    const healthy = spawnSync('nsenter', [...enter, ...image.health], { encoding: 'utf8', env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
    check('its health check passes', healthy.status === 0, healthy.stderr);
    const sick = spawnSync('nsenter', [...enter, ...image.health], { env: { PATH: '/usr/local/bin:/usr/bin:/bin', WORKER_PORT: '9' } });
    check('and fails where nothing answers', sick.status === 1);
    // To the init, as an engine does it.
    process.kill(init, image.STOPSIGNAL);
    const code = await Promise.race([isOver, sleep(30_000).then(() => 'nothing')]);
    check(
      'its stop signal ends it in order',
      code === 0 && lines.join('').includes('worker has stopped'),
      `ended with ${code}: ${lines.join('').slice(-1_000)}`,
    );
  }
};

/** The first process inside of a container. */
const childOf = (pid) => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).map(Number);
  // Until the payload is started, its place is held by a copy of systemd-nspawn.
  return children[0];
};

checkCompose();
await checkImage();
finish();
