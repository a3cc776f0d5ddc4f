// `npm run contract -- --worker URL | --backend URL`: 0 when all that was checked holds, 1 when something fails, 2 when nothing could be tried.
import { writeFileSync } from 'node:fs';
import { checkList } from './check-list.js';
import { parseCommand, secretsOf, USAGE, UsageError, type KitOptions } from './options.js';
import { TargetUnreachable } from './reach-target.js';
import { reportJson, resultText, summaryText } from './report-text.js';
import { runKit } from './run-kit.js';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const run = async (options: KitOptions, jsonFile: string | undefined): Promise<number> => {
  const secrets = secretsOf(options);
  console.log(`${options.target} at ${options.url}, ${options.dialect} dialect`);
  const report = await runKit(options, {
    signal: interrupted.signal,
    onResult: (result) => {
      console.log(resultText(result, secrets));
    },
  });
  console.log(summaryText(report));
  if (jsonFile !== undefined) writeFileSync(jsonFile, reportJson(report, secrets));
  return report.results.some(({ outcome }) => outcome === 'fails') ? 1 : 0;
};

try {
  const { kit, jsonFile } = parseCommand(process.argv.slice(2));
  if (kit === 'list') console.log(checkList());
  else process.exitCode = await run(kit, jsonFile);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof TargetUnreachable)) console.error(error);
  else console.error(error instanceof UsageError ? `${error.message}\n${USAGE}` : error.message);
  process.exitCode = 2;
}
