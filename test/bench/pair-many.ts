import { pairCreated, type PairedSession, type Scene } from '../support/scene.js';

const PAIRING_AT_ONCE = 4;
/** A busy machine may show a QR code too late for one connect. */
const TRIES = 3;

/** Creates sessions and pairs each with a phone of its own, some at once. */
export const pairMany = async (scene: Scene, sessions: number): Promise<PairedSession[]> => {
  const startedAt = performance.now();
  const names = Array.from({ length: sessions }, (_, n) => `session-${String(n).padStart(5, '0')}`);
  // A worker that is busy takes no more, and goes on with those it has.
  for (const name of names) await scene.worker.create(name);
  const paired: PairedSession[] = [];
  const waiting = [...names];
  const pairNext = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      paired.push(await pairWithPatience(scene, name));
      if (paired.length % 50 === 0) console.log(`  ${paired.length} sessions paired`);
    }
  };
  await Promise.all(Array.from({ length: PAIRING_AT_ONCE }, pairNext));
  console.log(`  ${sessions} sessions paired and connected in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return paired;
};

const pairWithPatience = async (scene: Scene, name: string, tries = TRIES): Promise<PairedSession> => {
  try {
    return await pairCreated(scene, name);
  } catch (error) {
    if (tries <= 1) throw error;
    console.log(`  ${name} is tried again: ${String(error)}`);
    return pairWithPatience(scene, name, tries - 1);
  }
};
