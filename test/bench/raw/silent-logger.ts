const silent = (): void => undefined;

/** For Baileys, which would print to the terminal. */
export const SILENT = { level: 'silent', child: () => SILENT, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
