// What a message may make us remember. Beyond a limit the rest stays opaque bytes and the tree says `truncated`.

import { optionError } from '../base/errors.ts'

export interface MimeLimits {
  /** Bytes of one header block, blank line included; default 1 MiB. What follows belongs to the body. */
  readonly maxHeaderSize: number
  /** Bytes of all header blocks together; default 8 MiB. Past it no further part is opened. */
  readonly maxTotalHeaderSize: number
  /** Fields of one header block; default 2,000. Fields past it stay in the header's bytes but are not listed. */
  readonly maxFields: number
  /** Multiparts and messages inside one another, the outermost counted; default 100. Past it a part is a leaf. */
  readonly maxDepth: number
  /** Parts of all kinds, the message itself counted; default 10,000. */
  readonly maxParts: number
}

export const DEFAULT_LIMITS: MimeLimits = {
  maxHeaderSize: 1024 * 1024,
  maxTotalHeaderSize: 8 * 1024 * 1024,
  maxFields: 2000,
  maxDepth: 100,
  maxParts: 10_000,
}

/** The limits with the defaults for those that are not given; throws ECONFIG for what is no whole number above 0. */
export function limitsFrom(options: Partial<MimeLimits>): MimeLimits {
  return {
    maxHeaderSize: limit(options, 'maxHeaderSize'),
    maxTotalHeaderSize: limit(options, 'maxTotalHeaderSize'),
    maxFields: limit(options, 'maxFields'),
    maxDepth: limit(options, 'maxDepth'),
    maxParts: limit(options, 'maxParts'),
  }
}

function limit(options: Partial<MimeLimits>, name: keyof MimeLimits): number {
  const value = options[name]
  if (value === undefined) return DEFAULT_LIMITS[name]
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value > 0)) return value
  throw optionError(name, 'a whole number above 0, or Infinity', value)
}
