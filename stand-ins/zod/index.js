// Zod itself, loaded so that the sixty languages of its messages are not: every process would keep some megabytes of them, and only English,
// which comes by another way, is used. docs/decisions/0021-what-a-process-loads.md
import { Module, createRequire } from 'node:module';

const load = createRequire(import.meta.url);
const languages = load.resolve('zod-itself/v4/locales');
load.cache[languages] ??= Object.assign(new Module(languages), { filename: languages, loaded: true });

export const { z, ZodError } = load('zod-itself');
