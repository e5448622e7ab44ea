// What a part is to a reader: its type, charset, disposition, file name, and whether it is text to show or an
// attachment (RFC 2183, RFC 2231, and what senders that predate or ignore them mean).
import type { CharsetOptions } from '../text/index.ts'
import { headerText } from './header.ts'
import type { MessagePart } from './part.ts'
import { parameterOf, type RawParameters, readStructured } from './structured.ts'

export interface PartFacts {
  /** `type/subtype` in lower case. */
  readonly contentType: string
  /** Parameters of Content-Type and of Content-Disposition, as written. */
  readonly parameters: RawParameters
  readonly dispositionParameters: RawParameters
  /** The charset parameter, null when missing. */
  readonly charset: string | null
  /** Content-Disposition in lower case, null when missing. */
  readonly disposition: string | null
  /** From Content-Disposition, else from Content-Type's `name`. Not to be trusted as a path. */
  readonly filename: string | null
  /** Content-ID with its angle brackets as written, null when missing. */
  readonly contentId: string | null
  /** True for all but containers and what is shown inline as text: plain text, HTML and delivery reports. */
  readonly isAttachment: boolean
}

const NONE: RawParameters = []
const SHOWN: ReadonlySet<string> = new Set(['text/plain', 'text/html', 'message/delivery-status'])

export function describePart(part: MessagePart, options?: CharsetOptions): PartFacts {
  const contentType = `${part.type}/${part.subtype}`
  const type = headerText(part.header, 'content-type')
  const parameters = type === null ? NONE : readStructured(type).parameters
  const raw = headerText(part.header, 'content-disposition')
  const disposition = raw === null ? null : readStructured(raw)
  const dispositionParameters = disposition?.parameters ?? NONE
  const kind = disposition?.value.trim().toLowerCase() || null
  // A multipart without parts is what a sender calls so: it is shown as text, unless a limit hides what it is.
  const container = part.type === 'multipart' && !(part.kind === 'leaf' && part.truncated)
  return {
    contentType,
    parameters,
    dispositionParameters,
    charset: parameterOf(parameters, 'charset', options),
    disposition: kind,
    filename:
      parameterOf(dispositionParameters, 'filename', options) ||
      parameterOf(parameters, 'name', options) ||
      null,
    contentId: headerText(part.header, 'content-id'),
    isAttachment: !container && !(SHOWN.has(contentType) && (kind === null || kind === 'inline')),
  }
}
