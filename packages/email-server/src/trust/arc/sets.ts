// The ARC Sets of a header (RFC 8617 §4): collected by instance, their tags read, their structure held against §5.2, steps 1 to 3.
import type { HeaderBlock, HeaderField } from '../../mime/index.ts'
import {
  type CoverTags,
  readCover,
  readNumber,
  readSigner,
  type SignatureAlgorithm,
  type SignerTags,
} from '../dkim/index.ts'
import { readTags, type Tag } from '../tags.ts'

/** RFC 8617 §4.2.1. */
export const MOST_SETS = 50

/** One of the two signatures of a set. */
export interface ArcSignature {
  readonly field: HeaderField
  readonly signer: SignerTags & { readonly algorithm: SignatureAlgorithm }
  readonly b: Tag
}

export interface ArcMessageSignature extends ArcSignature {
  readonly cover: CoverTags
  /** `l=` */
  readonly limit: number | null
}

/** The three fields of one instance. */
export interface ArcSet {
  readonly instance: number
  readonly results: HeaderField
  readonly message: ArcMessageSignature
  readonly seal: ArcSignature & { readonly cv: string }
}

/** How many sets there are at least (the highest instance that can be read), and the sets, or why they are no chain. */
export interface ArcSets {
  readonly highest: number
  /** The newest seal says that the chain is broken: nobody adds to it (§5.1.3). */
  readonly ended: boolean
  readonly chain: readonly ArcSet[] | string
}

const NAMES = ['arc-authentication-results', 'arc-message-signature', 'arc-seal'] as const
type Name = (typeof NAMES)[number]

/** Null when the header has no field of ARC. */
export function readArcSets(block: HeaderBlock): ArcSets | null {
  const fields = block.fields.filter(field => NAMES.includes(field.key as Name))
  if (fields.length === 0) return null
  if (fields.length > MOST_SETS * 3)
    return { highest: MOST_SETS, ended: true, chain: 'there are more than 50 sets' }
  const byInstance = new Map<number, Map<Name, HeaderField>>()
  let fault: string | null = null
  let highest = 0
  for (const field of fields) {
    const name = field.key as Name
    const instance = instanceOf(block, field)
    if (instance === null) {
      fault ??= `an ${field.name} field has no instance between 1 and 50`
      continue
    }
    highest = Math.max(highest, instance)
    const set = byInstance.get(instance) ?? new Map<Name, HeaderField>()
    byInstance.set(instance, set)
    if (set.has(name)) fault ??= `there are two ${field.name} fields of instance ${instance}`
    set.set(name, field)
  }
  const newest = byInstance.get(highest)?.get('arc-seal')
  const ended = newest !== undefined && sealStatus(block, newest) === 'fail'
  if (ended) return { highest, ended, chain: 'the last seal says that the chain is broken' }
  if (fault !== null) return { highest, ended, chain: fault }
  const chain: ArcSet[] = []
  for (let instance = 1; instance <= highest; instance++) {
    const set = readSet(block, instance, byInstance.get(instance))
    if (typeof set === 'string') return { highest, ended, chain: set }
    chain.push(set)
  }
  return { highest, ended, chain }
}

function readSet(
  block: HeaderBlock,
  instance: number,
  fields: ReadonlyMap<Name, HeaderField> | undefined,
): ArcSet | string {
  const [results, message, seal] = NAMES.map(name => fields?.get(name))
  if (results === undefined || message === undefined || seal === undefined) {
    return `the set of instance ${instance} is not complete`
  }
  const signed = readMessageSignature(block, message)
  if (typeof signed === 'string') return `ARC-Message-Signature ${instance}: ${signed}`
  const sealed = readSeal(block, seal)
  if (typeof sealed === 'string') return `ARC-Seal ${instance}: ${sealed}`
  const expected = instance === 1 ? 'none' : 'pass'
  if (sealed.cv !== expected) return `ARC-Seal ${instance}: cv= is not ${expected}`
  return { instance, results, message: signed, seal: sealed }
}

function readMessageSignature(block: HeaderBlock, field: HeaderField): ArcMessageSignature | string {
  const signature = readSignature(block, field)
  if (typeof signature === 'string') return signature
  const { tags } = signature
  // The published suite takes a missing c= for relaxed/relaxed, and an h= that is empty.
  const cover = readCover(tags, 'relaxed/relaxed')
  if (typeof cover === 'string') return cover
  // §4.1.2 forbids all three; but ARC-Authentication-Results is signed by many, and does no harm.
  if (cover.names.includes('arc-seal')) return 'h= has ARC-Seal'
  const limit = readNumber(tags.get('l')?.value, 15)
  if (limit === undefined) return 'l= is no length'
  return { ...signature.signature, cover, limit }
}

function readSeal(block: HeaderBlock, field: HeaderField): ArcSet['seal'] | string {
  const signature = readSignature(block, field)
  if (typeof signature === 'string') return signature
  // §4.1.3
  if (signature.tags.has('h')) return 'there is an h='
  return { ...signature.signature, cv: signature.tags.get('cv')?.value ?? '' }
}

function readSignature(block: HeaderBlock, field: HeaderField) {
  const tags = readTags(block.text.slice(field.valueStart, field.end))
  if (typeof tags === 'string') return tags
  const signer = readSigner(tags)
  if (typeof signer === 'string') return signer
  const { algorithm } = signer
  if (algorithm === 'rsa-sha1') return 'SHA-1 signatures are not secure'
  return { tags, signature: { field, signer: { ...signer, algorithm }, b: tags.get('b')! } }
}

/** instance = [CFWS] %s"i" [CFWS] "=" [CFWS] 1*2DIGIT [CFWS] ";" — first in ARC-Authentication-Results, anywhere among tags. */
function instanceOf(block: HeaderBlock, field: HeaderField): number | null {
  const value = block.text.slice(field.valueStart, field.end)
  let digits: string | undefined
  if (field.key === 'arc-authentication-results') {
    digits = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,2})[ \t\r\n]*;/.exec(value)?.[1]
  } else {
    const tags = readTags(value)
    digits = typeof tags === 'string' ? undefined : tags.get('i')?.value
  }
  if (digits === undefined || !/^[0-9]{1,2}$/.test(digits)) return null
  const instance = Number(digits)
  return instance >= 1 && instance <= MOST_SETS ? instance : null
}

function sealStatus(block: HeaderBlock, field: HeaderField): string | undefined {
  const tags = readTags(block.text.slice(field.valueStart, field.end))
  return typeof tags === 'string' ? undefined : tags.get('cv')?.value
}
