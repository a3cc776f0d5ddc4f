// What an operator does to a data folder by hand: `npm run worker -- <subcommand>`.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '../../shared/config.js';
import { messageOf } from '../../shared/errors.js';
import { EXIT } from '../../shared/exit-codes.js';
import { parseKeys, RowCipher } from '../../shared/store/row-cipher.js';
import { StoreRefusedError } from '../../shared/store/store-refused-error.js';
import { loadConfig, type Config } from '../config.js';
import { DataDirLockedError } from '../data-dir-lock.js';
import { withCredentials } from '../service-manager/credentials.js';
import { check } from './check.js';
import { compact } from './compact.js';
import { exportSessions } from './export.js';
import { importSessions } from './import.js';
import { CommandRefusedError, type Subcommand } from './subcommand.js';

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = { check, compact, import: importSessions, export: exportSessions };

const usage = (): string => {
  const lines = Object.entries(SUBCOMMANDS).map(
    ([name, { summary, usage: own }]) => `  ${[name, own].filter(Boolean).join(' ')}\n      ${summary}`,
  );
  return [
    'Usage: npm run worker -- <subcommand> [--data-dir DIR]',
    '',
    ...lines,
    '',
    'It is configured by the same variables as the worker; --data-dir stands for DATA_DIR.',
    '',
  ].join('\n');
};

const configOf = (dataDir: string | undefined, makesDataDir = false): Config => {
  const config = loadConfig(withCredentials(dataDir === undefined ? process.env : { ...process.env, DATA_DIR: dataDir }));
  if (!makesDataDir && !existsSync(config.dataDir))
    throw new CommandRefusedError(`there is no data folder ${config.dataDir}; set DATA_DIR or --data-dir`);
  return config;
};

const isRefusal = (error: unknown): boolean =>
  [ConfigError, DataDirLockedError, StoreRefusedError, CommandRefusedError].some((refusal) => error instanceof refusal);

const run = async (argv: readonly string[]): Promise<number> => {
  const [name = '', ...rest] = argv;
  if (name === '--help' || name === '-h' || rest.includes('--help')) {
    process.stdout.write(usage());
    return EXIT.clean;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand) {
    process.stderr.write(`${name === '' ? 'no subcommand' : `there is no subcommand ${name}`}\n\n${usage()}`);
    return EXIT.config;
  }
  const at = rest.indexOf('--data-dir');
  const { values } = parseArgs({ args: at < 0 ? [] : rest.slice(at, at + 2), options: { 'data-dir': { type: 'string' } } });
  const args = at < 0 ? rest : rest.toSpliced(at, 2);
  if (args.length > 0 && subcommand.usage === undefined) throw new CommandRefusedError(`${name} takes no argument ${args.join(' ')}`);
  const config = configOf(values['data-dir'], subcommand.makesDataDir);
  const keys = parseKeys(config.authEncryptionKey ?? '');
  return subcommand.run({
    config,
    cipher: keys && new RowCipher(keys),
    args,
    say: (line) => process.stdout.write(`${line}\n`),
  });
};

// What is stored is nobody else's business.
process.umask(0o077);
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = isRefusal(error) || error instanceof TypeError ? EXIT.config : EXIT.crash;
}
