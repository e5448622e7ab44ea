// DMARC aggregate reports, read. RFC 9990 §3.1 and appendix A, RFC 7489 appendix C. Elements that neither has are passed over.
import { late } from '../base/late.ts'
import type { DmarcAuthResult, DmarcPolicyPublished, DmarcRecord, DmarcReport } from './report-types.ts'
import { readXml } from './xml.ts'

const DEPTH_LIMIT = 32
/** What a record has at most before its size matters: many times what one needs. */
const ELEMENTS_PER_RECORD = 200
/** Errors in the metadata, reasons and results in one record. */
const LIST_LIMIT = 100

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Text = string | null

interface Draft {
  readonly report: Writable<Omit<DmarcReport, 'kind' | 'errors' | 'policy' | 'records'>>
  readonly errors: string[]
  readonly policy: Writable<DmarcPolicyPublished>
  readonly records: RecordDraft[]
  readonly maxRecords: number
  record: RecordDraft
}

interface RecordDraft extends Writable<Omit<DmarcRecord, 'reasons' | 'dkimResults' | 'spfResults'>> {
  reasons: { type: Text; comment: Text }[]
  dkimResults: Writable<DmarcAuthResult>[]
  spfResults: Writable<DmarcAuthResult>[]
}

/** An element that we know: what its beginning and its text mean, and what it may hold. */
interface Element {
  readonly begin?: (draft: Draft) => void
  readonly text?: (draft: Draft, text: string) => void
  readonly holds?: ReadonlyMap<string, Element>
}

/** Null when it is no such report, is not well formed, or passes a limit. */
export function readDmarc(source: string, maxRecords: number): DmarcReport | null {
  const draft = newDraft(maxRecords)
  const path: (Element | null)[] = []
  let current: Element | null = { holds: new Map([['feedback', schema()]]) }
  const events = {
    open(name: string): void {
      path.push(current)
      current = current?.holds?.get(name) ?? null
      current?.begin?.(draft)
    },
    close(text: string): void {
      if (text !== '') current?.text?.(draft, text)
      current = path.pop()!
    },
  }
  const maxElements = (maxRecords + 1) * ELEMENTS_PER_RECORD
  if (!readXml(source, events, { maxDepth: DEPTH_LIMIT, maxElements })) return null
  const { report, errors, policy, records } = draft
  if (policy.domain === null || (report.orgName === null && report.reportId === null)) return null
  return { kind: 'dmarc', ...report, errors, policy, records }
}

function newDraft(maxRecords: number): Draft {
  return {
    report: {
      ...{ version: null, orgName: null, email: null, extraContactInfo: null, reportId: null },
      ...{ generator: null, begin: null, end: null, truncated: false },
    },
    errors: [],
    policy: {
      ...{ domain: null, discoveryMethod: null, p: null, sp: null, np: null, adkim: null, aspf: null },
      ...{ fo: null, testing: null, pct: null },
    },
    records: [],
    maxRecords,
    record: newRecord(),
  }
}

function newRecord(): RecordDraft {
  return {
    ...{ sourceIp: null, count: 0, disposition: null, dkim: null, spf: null, reasons: [] },
    ...{ headerFrom: null, envelopeFrom: null, envelopeTo: null, dkimResults: [], spfResults: [] },
  }
}

const schema = late((): Element => {
  const record: Element = {
    begin: draft => {
      draft.record = newRecord()
      if (draft.records.length < draft.maxRecords) draft.records.push(draft.record)
      else draft.report.truncated = true
    },
    holds: new Map([
      ['row', row()],
      ['identifiers', identifiers()],
      ['auth_results', authResults()],
    ]),
  }
  return {
    holds: new Map([
      ['version', leaf((draft, text) => (draft.report.version = text))],
      ['report_metadata', metadata()],
      ['policy_published', policyPublished()],
      ['record', record],
    ]),
  }
})

function metadata(): Element {
  const range = new Map([
    ['begin', leaf((draft, text) => (draft.report.begin = seconds(text)))],
    ['end', leaf((draft, text) => (draft.report.end = seconds(text)))],
  ])
  return {
    holds: new Map([
      ['org_name', leaf((draft, text) => (draft.report.orgName = text))],
      ['email', leaf((draft, text) => (draft.report.email = text))],
      ['extra_contact_info', leaf((draft, text) => (draft.report.extraContactInfo = text))],
      ['report_id', leaf((draft, text) => (draft.report.reportId = text))],
      ['generator', leaf((draft, text) => (draft.report.generator = text))],
      ['date_range', { holds: range }],
      ['error', leaf((draft, text) => draft.errors.length < LIST_LIMIT && draft.errors.push(text))],
    ]),
  }
}

function policyPublished(): Element {
  const word = (key: Exclude<keyof DmarcPolicyPublished, 'pct'>): Element =>
    leaf((draft, text) => (draft.policy[key] = text.toLowerCase()))
  return {
    holds: new Map([
      ['domain', leaf((draft, text) => (draft.policy.domain = text))],
      ['discovery_method', word('discoveryMethod')],
      ['p', word('p')],
      ['sp', word('sp')],
      ['np', word('np')],
      ['adkim', word('adkim')],
      ['aspf', word('aspf')],
      ['fo', word('fo')],
      ['testing', word('testing')],
      ['pct', leaf((draft, text) => (draft.policy.pct = number(text)))],
    ]),
  }
}

function row(): Element {
  const reason: Element = {
    begin: ({ record: { reasons } }) => {
      if (reasons.length < LIST_LIMIT) reasons.push({ type: null, comment: null })
    },
    holds: new Map([
      ['type', leaf(({ record }, text) => (record.reasons.at(-1)!.type = text.toLowerCase()))],
      ['comment', leaf(({ record }, text) => (record.reasons.at(-1)!.comment = text))],
    ]),
  }
  const evaluated = new Map([
    ['disposition', leaf(({ record }, text) => (record.disposition = text.toLowerCase()))],
    ['dkim', leaf(({ record }, text) => (record.dkim = text.toLowerCase()))],
    ['spf', leaf(({ record }, text) => (record.spf = text.toLowerCase()))],
    ['reason', reason],
  ])
  return {
    holds: new Map([
      ['source_ip', leaf(({ record }, text) => (record.sourceIp = text))],
      ['count', leaf(({ record }, text) => (record.count = number(text) ?? 0))],
      ['policy_evaluated', { holds: evaluated }],
    ]),
  }
}

function identifiers(): Element {
  return {
    holds: new Map([
      ['header_from', leaf(({ record }, text) => (record.headerFrom = text))],
      ['envelope_from', leaf(({ record }, text) => (record.envelopeFrom = text))],
      ['envelope_to', leaf(({ record }, text) => (record.envelopeTo = text))],
    ]),
  }
}

function authResults(): Element {
  const result = (list: 'dkimResults' | 'spfResults'): Element => {
    const last = ({ record }: Draft): Writable<DmarcAuthResult> => record[list].at(-1)!
    return {
      begin: ({ record }) => {
        if (record[list].length >= LIST_LIMIT) return
        record[list].push({ domain: null, selector: null, scope: null, result: null, humanResult: null })
      },
      holds: new Map([
        ['domain', leaf((draft, text) => (last(draft).domain = text))],
        ['selector', leaf((draft, text) => (last(draft).selector = text))],
        ['scope', leaf((draft, text) => (last(draft).scope = text.toLowerCase()))],
        ['result', leaf((draft, text) => (last(draft).result = text.toLowerCase()))],
        ['human_result', leaf((draft, text) => (last(draft).humanResult = text))],
      ]),
    }
  }
  return {
    holds: new Map([
      ['dkim', result('dkimResults')],
      ['spf', result('spfResults')],
    ]),
  }
}

function leaf(text: (draft: Draft, text: string) => unknown): Element {
  return { text }
}

function number(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** Seconds since 1970; some reporters write a fraction. */
function seconds(text: string): Date | null {
  const match = /^(\d{1,12})(?:\.\d{1,9})?$/.exec(text)
  return match && new Date(Number(match[1]) * 1000)
}
