// BODY and BODYSTRUCTURE (RFC 3501 §7.4.2, §9; RFC 9051 §7.5.2).
import type {
  BodyStructure,
  Disposition,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from '../../mime/index.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { envelope, readEnvelope, writeEnvelope } from './envelope.ts'
import type { Grammar } from './grammar.ts'

const TEXT = {
  kind: 'single',
  type: 'TEXT',
  subtype: 'PLAIN',
  parameters: [['CHARSET', 'US-ASCII']],
  id: null,
  description: null,
  encoding: '7BIT',
  size: 2279,
  lines: 48,
  message: null,
  md5: null,
  disposition: null,
  language: null,
  location: null,
} as const satisfies BodyStructure

// body = "(" (body-type-1part / body-type-mpart) ")", with all extension data
export const bodyStructure: Grammar<BodyStructure> = {
  read: readBody,
  write: (w, value) => writeBody(w, value, true),
  samples: [
    TEXT,
    {
      kind: 'multipart',
      subtype: 'MIXED',
      parameters: [['BOUNDARY', 'a"b']],
      parts: [
        TEXT,
        {
          ...TEXT,
          type: 'MESSAGE',
          subtype: 'RFC822',
          parameters: [],
          message: { envelope: envelope.samples[0]!, body: { ...TEXT, language: ['en', 'de'] } },
        },
        {
          ...TEXT,
          type: 'APPLICATION',
          lines: null,
          id: '<960723163407.20117h@cac.washington.edu>',
          disposition: { type: 'attachment', parameters: [['filename', 'Grüße.pdf']] },
          md5: 'Q2hlY2sgSW50ZWdyaXR5IQ==',
          language: ['en'],
          location: 'http://example.test/',
        },
      ],
      disposition: { type: 'inline', parameters: [] },
      language: null,
      location: null,
    },
  ],
}

/** `extended`: BODYSTRUCTURE; else BODY, which has no extension data. */
export function writeBody(w: Writer, body: BodyStructure, extended: boolean): void {
  w.raw('(')
  if (body.kind === 'multipart') writeMultipart(w, body, extended)
  else writeSingle(w, body, extended)
  w.raw(')')
}

// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
function writeMultipart(w: Writer, body: MultipartStructure, extended: boolean): void {
  for (const part of body.parts) writeBody(w, part, extended)
  w.raw(' ').string(body.subtype)
  if (!extended) return
  w.raw(' ')
  writeParameters(w, body.parameters)
  writeExtension(w, body)
}

// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
// body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
function writeSingle(w: Writer, body: SinglePartStructure, extended: boolean): void {
  w.string(body.type).raw(' ').string(body.subtype).raw(' ')
  writeParameters(w, body.parameters)
  w.raw(' ').nstring(body.id).raw(' ').nstring(body.description)
  w.raw(' ').string(body.encoding).raw(' ').number(body.size)
  if (body.message) {
    w.raw(' ')
    writeEnvelope(w, body.message.envelope)
    w.raw(' ')
    writeBody(w, body.message.body, extended)
  }
  if (body.lines !== null) w.raw(' ').number(body.lines)
  if (!extended) return
  w.raw(' ').nstring(body.md5)
  writeExtension(w, body)
}

// … SP body-fld-dsp SP body-fld-lang SP body-fld-loc
function writeExtension(w: Writer, body: BodyStructure): void {
  const { disposition, language, location } = body
  if (disposition) {
    w.raw(' (').string(disposition.type).raw(' ')
    writeParameters(w, disposition.parameters)
    w.raw(') ')
  } else w.raw(' NIL ')
  if (language === null || language.length === 0) w.raw('NIL')
  else if (language.length === 1) w.string(language[0]!)
  else w.list(language, tag => w.string(tag))
  w.raw(' ').nstring(location)
}

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
function writeParameters(w: Writer, parameters: Parameters): void {
  if (parameters.length === 0) w.raw('NIL')
  else w.list(parameters, ([name, value]) => w.string(name).raw(' ').string(value))
}

function readBody(r: Reader): BodyStructure {
  r.open()
  const body = r.peek() === 0x28 ? readMultipart(r) : readSingle(r)
  r.close()
  return body
}

function readMultipart(r: Reader): MultipartStructure {
  const parts: BodyStructure[] = []
  do parts.push(readBody(r))
  while (r.peek() === 0x28)
  const subtype = r.sp().string()
  const parameters = r.try(' ') ? readParameters(r) : []
  return { kind: 'multipart', subtype, parameters, parts, ...readExtension(r) }
}

function readSingle(r: Reader): SinglePartStructure {
  const type = r.string()
  const subtype = r.sp().string()
  const parameters = readParameters(r.sp())
  const id = r.sp().nstring()
  const description = r.sp().nstring()
  const encoding = r.sp().string()
  const size = r.sp().number64()
  const kind = type.toUpperCase()
  const nested = kind === 'MESSAGE' && /^(RFC822|GLOBAL)$/i.test(subtype)
  let message: SinglePartStructure['message'] = null
  let lines: number | null = null
  let md5: string | null = null
  if (r.try(' ')) {
    if (nested && r.peek() === 0x28) {
      const inner = readEnvelope(r)
      message = { envelope: inner, body: readBody(r.sp()) }
      lines = r.sp().number64()
      if (r.try(' ')) md5 = r.nstring()
    } else {
      const c = r.peek()
      if (c >= 0x30 && c <= 0x39) {
        lines = r.number64()
        if (r.try(' ')) md5 = r.nstring()
      } else md5 = r.nstring()
    }
  }
  return {
    kind: 'single',
    type,
    subtype,
    parameters,
    id,
    description,
    encoding,
    size,
    lines,
    message,
    md5,
    ...readExtension(r),
  }
}

interface Extension {
  readonly disposition: Disposition | null
  readonly language: readonly string[] | null
  readonly location: string | null
}

function readExtension(r: Reader): Extension {
  let disposition: Disposition | null = null
  let language: readonly string[] | null = null
  let location: string | null = null
  if (r.try(' ')) disposition = readDisposition(r)
  if (r.try(' ')) language = readLanguage(r)
  if (r.try(' ')) location = r.nstring()
  while (r.try(' ')) skipExtension(r)
  return { disposition, language, location }
}

function readDisposition(r: Reader): Disposition | null {
  if (r.tryKeyword('NIL')) return null
  r.open()
  const type = r.string()
  const parameters = readParameters(r.sp())
  r.close()
  return { type, parameters }
}

function readLanguage(r: Reader): readonly string[] | null {
  if (r.peek() !== 0x28) {
    const one = r.nstring()
    return one === null ? null : [one]
  }
  const list: string[] = []
  r.open()
  do list.push(r.string())
  while (r.try(' '))
  r.close()
  return list
}

function readParameters(r: Reader): Parameters {
  if (r.tryKeyword('NIL')) return []
  const list: [string, string][] = []
  r.open()
  do {
    const name = r.string()
    list.push([name, r.sp().string()])
  } while (r.try(' '))
  r.close()
  return list
}

// body-extension = nstring / number / "(" body-extension *(SP body-extension) ")"      ; of the future: ignored
function skipExtension(r: Reader): void {
  const c = r.peek()
  if (c >= 0x30 && c <= 0x39) r.number64()
  else if (c !== 0x28) r.nstring()
  else {
    r.open()
    do skipExtension(r)
    while (r.try(' '))
    r.close()
  }
}
