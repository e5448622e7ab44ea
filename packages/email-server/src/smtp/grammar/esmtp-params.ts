// The parameters of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3).
//
//   Mail-parameters = esmtp-param *(SP esmtp-param)
//   esmtp-param     = esmtp-keyword ["=" esmtp-value]
//   esmtp-keyword   = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
//   esmtp-value     = 1*(%d33-60 / %d62-126) ; and UTF8-non-ascii
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Grammar } from './grammar.ts'

/** Keyword in upper case, and its value; null without `=`. */
export type EsmtpParam = readonly [keyword: string, value: string | null]

const PARAM = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\u{10ffff}]+))?$/u

export const esmtpParams: Grammar<readonly EsmtpParam[]> = {
  name: 'Mail-parameters (RFC 5321 §4.1.2)',
  read(text) {
    const params: EsmtpParam[] = []
    const seen = new Set<string>()
    for (const word of text.split(' ')) {
      // more than one space between two: harmless, and seen in the field
      if (word === '') continue
      const match = PARAM.exec(word)
      if (!match) throw new PeerSyntaxError('malformed parameter')
      const keyword = match[1]!.toUpperCase()
      if (seen.has(keyword)) throw new PeerSyntaxError('parameter given twice')
      seen.add(keyword)
      params.push([keyword, match[2] ?? null])
    }
    return params
  },
  write(value) {
    return value
      .map(([keyword, text]) => {
        const word = text === null ? keyword : `${keyword}=${text}`
        if (!PARAM.test(word)) throw usageError(`${keyword} is not a parameter that SMTP can carry`)
        return word
      })
      .join(' ')
  },
  samples: [
    [],
    [['SMTPUTF8', null]],
    [
      ['SIZE', '1000'],
      ['BODY', '8BITMIME'],
      ['X-A-1', '<>!~'],
    ],
  ],
}
