// BIMI Assertion Records and the BIMI-Selector field (draft-brand-indicators-for-message-identification-10 §4.3, §4.4, §5.1). Nothing is mended:
// what is not well-formed is an error.
import { queryName } from '../../dns/index.ts'
import { readTags, type TagList, withoutSpace } from '../tags.ts'

export interface BimiRecord {
  /** `l=`: where the logo is, an https: URI; null when the domain publishes none here. */
  readonly location: string | null
  /** `a=`: where the evidence (a mark certificate) is; null when there is none. */
  readonly evidence: string | null
  /** `lps=true`: the local part of the author's address may choose another record. */
  readonly localPartSelectors: boolean
  /** `avp`: what the domain would rather have shown, its logo or the sender's own picture. */
  readonly avatar: 'brand' | 'personal'
}

/** True for a TXT record that says it is one of this version. */
export function isBimiRecord(text: string): boolean {
  return /^[ \t]*v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|$)/.test(text)
}

// bimi-record = bimi-version (bimi-sep bimi-location) [(bimi-sep bimi-evidence-location)] [(local-part-selector)] [(bimi-sep bimi-logo-preference)] [bimi-sep]
/** Reads a record of this version; a string says what is wrong with it. */
export function readBimiRecord(text: string): BimiRecord | string {
  const tags = readTags(text)
  if (typeof tags === 'string') return tags
  const location = tags.get('l')
  if (location === undefined) return 'the tag l= is missing'
  const uri = withoutSpace(location.value)
  const fault = uri === '' ? null : (uriFault(uri) ?? formatFault(uri))
  if (fault !== null) return `the tag l= ${fault}`
  const evidence = withoutSpace(tags.get('a')?.value ?? '')
  const evidenceFault = evidence === '' ? null : uriFault(evidence)
  if (evidenceFault !== null) return `the tag a= ${evidenceFault}`
  return {
    location: uri || null,
    evidence: evidence || null,
    localPartSelectors: tags.get('lps')?.value === 'true',
    avatar: tags.get('avp')?.value === 'personal' ? 'personal' : 'brand',
  }
}

const LONGEST_URI = 2000

/** §4.3: one URI, https, with a fully qualified name. */
function uriFault(uri: string): string | null {
  if (uri.length > LONGEST_URI || !/^[\x21-\x7e]+$/.test(uri) || /[,<>"\\^`{|}]/.test(uri)) return 'is no URI'
  if (!/^https:\/\//i.test(uri)) return 'is not an https: URI'
  const host = /^https:\/\/([a-z0-9.-]+)(?::[0-9]{1,5})?(?:[/?#]|$)/i.exec(uri)?.[1]
  return host?.includes('.') && queryName(host) !== null ? null : 'has no fully qualified host name'
}

/** §4.3.2: SVG, plain or compressed; a path without an ending may be one. */
function formatFault(uri: string): string | null {
  const path = uri.replace(/^https:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '')
  const ending = /\.([A-Za-z0-9]{1,10})$/.exec(path)?.[1]?.toLowerCase()
  return ending === undefined || ending === 'svg' || ending === 'svgz' ? null : 'is no SVG image'
}

// bimi-selector-header = bimi-header-version bimi-sep bimi-selector [bimi-sep]
/** The selector of a BIMI-Selector field, lower case; null when the field is none of this version. */
export function readBimiSelector(text: string): string | null {
  const tags = isBimiRecord(text) ? readTags(text) : 'no'
  return typeof tags === 'string' ? null : selectorOf(tags)
}

function selectorOf(tags: TagList): string | null {
  const selector = tags.get('s')?.value ?? ''
  const isName = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/
  return selector.length <= 200 && isName.test(selector) ? queryName(selector) : null
}

/** The selector that a local part stands for (§4.5), or null when it can be none. */
export function localPartSelector(local: string): string | null {
  const plus = local.indexOf('+')
  const name = (plus < 0 ? local : local.slice(0, plus))
    .replace(/[._]+/g, '-')
    .replace(/^-+/, '')
    .toLowerCase()
  let end = name.length
  while (end > 0 && name[end - 1] === '-') end--
  return /^[a-z0-9-]{1,63}$/.test(name.slice(0, end)) ? name.slice(0, end) : null
}
