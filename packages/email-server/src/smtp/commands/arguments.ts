// What MAIL and RCPT share: a keyword, a path, parameters (RFC 5321 §4.1.1.2, §4.1.1.3).
import { PeerSyntaxError } from '../../base/errors.ts'
import { esmtpParams } from '../grammar/esmtp-params.ts'
import { type Path, readPath } from '../grammar/path.ts'
import type { ParamSpec, ServerFacts } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'

const UNKNOWN_PARAM = reply(555, '5.5.4', 'Unknown parameter')
const BAD_PARAM = reply(501, '5.5.4', 'Malformed parameter')

export const NOT_ASCII: RegExp = /[^\x00-\x7f]/

/** `FROM:<path> params` or `TO:<path> params`. Spaces after the colon are forbidden, common and harmless. */
export function splitArgument(argument: string, keyword: 'FROM:' | 'TO:'): { path: Path; rest: string } {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) {
    throw new PeerSyntaxError(`the argument must begin with ${keyword}<`)
  }
  let at = keyword.length
  while (argument.charCodeAt(at) === 32) at++
  const { path, end } = readPath(argument, at)
  const rest = argument.slice(end)
  if (rest !== '' && rest[0] !== ' ') throw new PeerSyntaxError('a space must follow the path', end)
  return { path, rest }
}

/** Reads the parameters into `draft`; a reply when one of them must be refused. */
export function readParams<Params>(
  rest: string,
  extended: boolean,
  facts: ServerFacts,
  find: (keyword: string) => ParamSpec<Params> | null,
  draft: { -readonly [K in keyof Params]: Params[K] },
): Reply | null {
  if (rest === '') return null
  try {
    for (const [keyword, value] of esmtpParams.read(rest)) {
      // parameters are a service extension: not without EHLO (RFC 5321 §4.1.1.1)
      const spec = extended ? find(keyword) : null
      if (!spec) return UNKNOWN_PARAM
      const refusal = spec.read(value, draft, facts)
      if (refusal) return refusal
    }
  } catch (error) {
    if (error instanceof PeerSyntaxError) return BAD_PARAM
    throw error
  }
  return null
}
