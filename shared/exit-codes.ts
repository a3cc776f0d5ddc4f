/** Exit codes carry intent to whoever restarts the process (sysexits.h names). */
export const EXIT = {
  clean: 0,
  crash: 1,
  /** EX_TEMPFAIL: try again later. */
  temporary: 75,
  /** EX_CONFIG: do not restart before somebody changed something. */
  config: 78,
} as const;
