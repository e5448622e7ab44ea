// What all streaming charset decoders have in common.

/** Turns bytes into text, chunk by chunk, without breaking characters that lie across chunks. */
export interface TextSource {
  /** The characters that the chunk completes. */
  write(bytes: Uint8Array): string
  /** What an unfinished character at the end becomes. No call may follow. */
  end(): string
}
