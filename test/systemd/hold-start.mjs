// Preloaded into the worker: holds its start until a file exists.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

while (!existsSync('/run/start-may-go-on')) await sleep(20);
