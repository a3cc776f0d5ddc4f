// Preload (`node --import …/mark-phases.js?victim=…&folder=…`): keeps this process' mark file up to date, and writes failed decryptions down.
import { join } from 'node:path';
import { MarkWriter } from './mark-file.js';
import { phasesOf, type Calls, type Phase } from './phases.js';
import { FAILED_DECRYPTIONS, watchDecryptions } from './failed-decryptions.js';
import { readParameters } from './preload.js';
import { watchUnconfirmedFrames } from './unconfirmed-frames.js';
import { loadClass, onSettled, wrapMethod } from './wrap-method.js';

const { victim, folder, withStore } = readParameters(import.meta.url);
const marks = new MarkWriter(join(folder, `${victim}-${process.pid}`));

const aroundCalls = async ({ module, className, methods, when }: Calls, begin: () => void, end: () => void): Promise<void> => {
  const theClass = await loadClass(module, className);
  for (const method of methods) {
    wrapMethod(theClass, method, (proceed, args) => {
      if (when && !when(args)) return proceed();
      begin();
      const result = proceed();
      onSettled(result, end);
      return result;
    });
  }
};

const install = async ({ name, count }: Phase): Promise<void> => {
  switch (count.kind) {
    case 'calls':
      return aroundCalls(
        count.calls,
        () => {
          marks.add(name, 1);
        },
        () => {
          marks.add(name, -1);
        },
      );
    case 'level': {
      let watched: object | undefined;
      const read = (): void => {
        if (watched) marks.set(name, Number(Reflect.get(watched, count.property)));
      };
      wrapMethod(await loadClass(count.module, count.className), count.start, (proceed, _args, self) => {
        watched = self;
        const result = proceed();
        read();
        return result;
      });
      // Whoever waited for the call has gone on when the next tick comes.
      for (const calls of count.after)
        await aroundCalls(
          calls,
          () => undefined,
          () => {
            process.nextTick(read);
          },
        );
      return;
    }
    case 'unconfirmed frames':
      return watchUnconfirmedFrames((frames) => {
        marks.set(name, frames);
      });
  }
};

for (const phase of phasesOf(withStore)) if (phase.victim === victim) await install(phase);

if (victim === 'runner') {
  wrapMethod(await loadClass('shared/ipc/peer.js', 'Peer'), 'emit', (proceed, [event, data]) => {
    if (event === 'session.fact' && (data as { fact: { type: string } }).fact.type === 'open') marks.ready();
    return proceed();
  });
  await watchDecryptions(join(folder, FAILED_DECRYPTIONS));
} else {
  marks.ready();
}
