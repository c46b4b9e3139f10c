/** Lets what stands beside the report write into it, while somebody does. */
export interface Writer {
  /** Adds a sentence to the impression, on a line of its own. */
  readonly insert: (text: string) => void;
}
