/** Silences the console: libsignal prints whole sessions, keys included, on it. */
export function quietConsole(): void {
  const silent = (): void => undefined;
  Object.assign(console, { log: silent, info: silent, warn: silent, error: silent });
}
