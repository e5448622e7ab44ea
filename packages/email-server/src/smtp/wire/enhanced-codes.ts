// Which enhanced code belongs to a reply code that a handler chose (RFC 3463, the registry of RFC 5248).

/** What a handler judges: one recipient, or the whole message. */
export type Subject = 'recipient' | 'message'

const CODES: Record<Subject, Readonly<Record<number, string>>> = {
  recipient: {
    421: '4.3.2',
    450: '4.2.1',
    451: '4.3.0',
    452: '4.2.2',
    550: '5.1.1',
    551: '5.1.6',
    552: '5.2.2',
    553: '5.1.3',
    554: '5.7.1',
    556: '5.1.10',
  },
  message: {
    421: '4.3.2',
    450: '4.2.0',
    451: '4.3.0',
    452: '4.3.1',
    550: '5.7.1',
    552: '5.3.4',
    553: '5.1.7',
    554: '5.6.0',
  },
}

export function enhancedCodeFor(code: number, subject: Subject): string {
  return CODES[subject][code] ?? (code < 500 ? '4.0.0' : '5.0.0')
}

/**
 * status-code = class "." subject "." detail (RFC 3463 §2), at the start of a text and of the class of `code`:
 * handlers may choose the enhanced code by writing it there.
 */
export function splitEnhancedCode(code: number, text: string): { enhanced: string | null; text: string } {
  const match = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(text)
  if (!match || match[1]![0] !== String(code)[0]) return { enhanced: null, text }
  return { enhanced: match[1]!, text: text.slice(match[0].length) }
}
