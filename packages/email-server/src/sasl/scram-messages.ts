// The messages of SCRAM (RFC 5802 §7): attributes of one letter, separated by commas, in a fixed order.
//
//   client-first-message = gs2-header [reserved-mext ","] "n=" saslname "," "r=" nonce ["," extensions]
//   server-first-message = [reserved-mext ","] "r=" nonce "," "s=" base64 "," "i=" posit-number ["," extensions]
//   client-final-message = "c=" base64 "," "r=" nonce ["," extensions] "," "p=" base64
//   server-final-message = ("e=" server-error-value / "v=" base64) ["," extensions]
import { equalBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import { decodeSaslBase64 } from './base64.ts'

export interface Gs2Header {
  /** Up to and with the second comma. */
  readonly gs2Header: string
  /** gs2-cbind-flag: `n`, `y`, or `p=` and the type of the binding. */
  readonly flag: 'n' | 'y' | 'p'
  /** The type of channel binding; empty unless the flag is `p`. */
  readonly bindingType: string
  readonly authorizationId: string
}

export interface ClientFirst extends Gs2Header {
  readonly bare: string
  readonly username: string
  readonly nonce: string
}

export interface ServerFirst {
  readonly nonce: string
  readonly salt: Uint8Array
  readonly iterations: number
}

export interface ClientFinal {
  readonly withoutProof: string
  /** base64, as it came. */
  readonly binding: string
  readonly nonce: string
  readonly proof: Uint8Array
}

export type ServerFinal = { readonly signature: Uint8Array } | { readonly error: string }

const PRINTABLE = /^[\x21-\x2b\x2d-\x7e]+$/
const BINDING_TYPE = /^[A-Za-z0-9.-]+$/

/** saslname: `=` and `,` are quoted. */
export function writeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** Null for an `=` that quotes nothing, for NUL, and for no name at all. */
function readName(text: string): string | null {
  if (text === '' || text.includes('\0') || /=(?!2C|3D)/.test(text)) return null
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

/** Text that is UTF-8; null for what is not. */
export function readText(bytes: Uint8Array): string | null {
  const text = utf8(bytes)
  return text.includes('\ufffd') && !equalBytes(fromUtf8(text), bytes) ? null : text
}

/** The value of an attribute where it has to stand; null when another stands there. */
function value(part: string | undefined, name: string): string | null {
  return part?.startsWith(`${name}=`) ? part.slice(2) : null
}

/** extensions = attr-val *("," attr-val); unknown ones are ignored (§5.1). */
function areExtensions(parts: readonly string[]): boolean {
  return parts.every(part => /^[A-Za-z]=[^\0]/.test(part))
}

/** gs2-header without its last comma; null when it is none. */
export function readGs2Header(flagPart: string, authorization: string): Gs2Header | null {
  const bindingType = value(flagPart, 'p') ?? ''
  if (flagPart !== 'n' && flagPart !== 'y' && !BINDING_TYPE.test(bindingType)) return null
  const authzid = value(authorization, 'a')
  const authorizationId = authorization === '' ? '' : authzid === null ? null : readName(authzid)
  if (authorizationId === null) return null
  return {
    gs2Header: `${flagPart},${authorization},`,
    flag: flagPart[0] as Gs2Header['flag'],
    bindingType,
    authorizationId,
  }
}

export function readClientFirst(text: string): ClientFirst | null {
  const [flagPart = '', authorization = '', ...rest] = text.split(',')
  const header = readGs2Header(flagPart, authorization)
  if (!header) return null
  // a mandatory extension stands first; there is none that we know
  const [namePart, noncePart, ...extensions] = rest
  const name = value(namePart, 'n')
  const username = name === null ? null : readName(name)
  const nonce = value(noncePart, 'r')
  if (username === null || nonce === null || !PRINTABLE.test(nonce) || !areExtensions(extensions)) return null
  return { ...header, bare: rest.join(','), username, nonce }
}

export function readServerFirst(text: string): ServerFirst | null {
  const [noncePart, saltPart, countPart, ...extensions] = text.split(',')
  const nonce = value(noncePart, 'r')
  const salt = decodeSaslBase64(value(saltPart, 's') ?? '')
  const count = value(countPart, 'i') ?? ''
  if (nonce === null || !PRINTABLE.test(nonce) || !salt || salt.length === 0) return null
  if (!/^[1-9][0-9]{0,9}$/.test(count) || !areExtensions(extensions)) return null
  return { nonce, salt, iterations: Number(count) }
}

export function readClientFinal(text: string): ClientFinal | null {
  const parts = text.split(',')
  const [bindingPart, noncePart, ...extensions] = parts.slice(0, -1)
  const binding = value(bindingPart, 'c')
  const nonce = value(noncePart, 'r')
  const proof = decodeSaslBase64(value(parts.at(-1), 'p') ?? '')
  if (binding === null || nonce === null || !proof || proof.length === 0) return null
  if (!decodeSaslBase64(binding) || !areExtensions(extensions)) return null
  return { withoutProof: parts.slice(0, -1).join(','), binding, nonce, proof }
}

export function readServerFinal(text: string): ServerFinal | null {
  const [part, ...extensions] = text.split(',')
  if (!areExtensions(extensions)) return null
  const error = value(part, 'e')
  if (error !== null) return { error }
  const signature = decodeSaslBase64(value(part, 'v') ?? '')
  return signature && signature.length > 0 ? { signature } : null
}
