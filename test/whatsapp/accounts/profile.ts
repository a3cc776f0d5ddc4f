/** A profile picture; the id changes with the bytes. */
export interface ProfilePicture {
  readonly id: string;
  readonly bytes: Buffer;
}

/** What others see of an account beside its name. */
export interface Profile {
  about: string;
  /** Seconds since the epoch. */
  aboutSetAt: number;
  picture: ProfilePicture | null;
}
