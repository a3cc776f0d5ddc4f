// Preload (`node --import …/record.js?kind=cpu&folder=…`): SIGUSR2 begins to record what this process does, the next one writes it to the folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

/** Microseconds between two looks at the stack, and bytes between two allocations that are noted. */
const [CPU_INTERVAL, HEAP_INTERVAL] = [500, 16_384];

const query = new URL(import.meta.url).searchParams;
const folder = query.get('folder') ?? '.';
const kind = query.get('kind');
const session = new Session();
let recording = false;

const begin = async (): Promise<void> => {
  session.connect();
  if (kind === 'cpu') {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL });
    await session.post('Profiler.start');
  } else {
    await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL });
  }
};

const end = async (): Promise<void> => {
  const { profile } = kind === 'cpu' ? await session.post('Profiler.stop') : await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${process.pid}.${kind === 'cpu' ? 'cpuprofile' : 'heapprofile'}`), JSON.stringify(profile));
};

process.on('SIGUSR2', () => {
  recording = !recording;
  void (recording ? begin() : end());
});
