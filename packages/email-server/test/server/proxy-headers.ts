// Headers of the PROXY protocol, version 2, as a proxy writes them.
export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** Version and command, family and transport, and what follows the length. */
export function v2(command: number, family: number, body: Uint8Array): Buffer {
  const fixed = Uint8Array.of(command, family, body.length >> 8, body.length & 255)
  return Buffer.concat([SIGNATURE, fixed, body])
}
