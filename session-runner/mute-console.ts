/** libsignal prints whole sessions, keys included, with console.info and console.warn. Nothing in a runner may use the console. */
export const muteConsole = (): void => {
  const silent = (): void => undefined;
  Object.assign(globalThis.console, { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent, dir: silent });
};
