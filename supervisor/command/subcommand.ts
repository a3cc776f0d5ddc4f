import type { RowCipher } from '../../shared/store/row-cipher.js';
import type { Config } from '../config.js';

/** What a subcommand works with. */
export interface CommandContext {
  config: Config;
  cipher: RowCipher | undefined;
  /** Arguments after the subcommand, without `--data-dir`. */
  args: readonly string[];
  /** Prints a line. */
  say: (line: string) => void;
}

export interface Subcommand {
  /** One line for the list of subcommands. */
  summary: string;
  /** Arguments of its own, as in a usage line. */
  usage?: string;
  /** It begins a data folder where there is none yet. */
  makesDataDir?: boolean;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

/** The command was called in a way it cannot work; the message is for the person who did. */
export class CommandRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandRefusedError';
  }
}
