/** What an installation tells while it goes on. */
export interface Say {
  /** Something was done, or is to be known: one line. */
  line(text: string): void;
  /** Something is waited for; undefined: no more. It may be said often. */
  waiting(text: string | undefined): void;
}
