// What MAIL and RCPT share: a keyword, a path, parameters (RFC 5321 §4.1.1.2, §4.1.1.3).
import { type Mailbox, type PathOptions, readPath } from '../../address/index.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import { esmtpParams } from '../grammar/esmtp-params.ts'
import type { Draft, ParamSpec, ServerFacts } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'

const UNKNOWN_PARAM = reply(555, '5.5.4', 'Unknown parameter')
const REVERSE_PATH: PathOptions = { smtputf8: true, anyLength: true, nullPath: true }
const FORWARD_PATH: PathOptions = { smtputf8: true, anyLength: true, postmaster: true }

const BAD_PARAM = reply(501, '5.5.4', 'Malformed parameter')

/**
 * `FROM:<path> params` or `TO:<path> params`; the mailbox is null for the null path. Addresses beyond ASCII are read:
 * whether they are permitted depends on the parameters. Spaces after the colon are forbidden, common and harmless.
 */
export function splitArgument(
  argument: string,
  keyword: 'FROM:' | 'TO:',
): { mailbox: Mailbox | null; rest: string } {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) {
    throw new PeerSyntaxError(`the argument must begin with ${keyword}<`)
  }
  let at = keyword.length
  while (argument.charCodeAt(at) === 32) at++
  const path = readPath(argument, at, keyword === 'FROM:' ? REVERSE_PATH : FORWARD_PATH)
  if (!path.ok) throw new PeerSyntaxError('malformed path', path.position)
  const rest = argument.slice(path.end)
  if (rest !== '' && rest[0] !== ' ') throw new PeerSyntaxError('a space must follow the path', path.end)
  return { mailbox: path.mailbox, rest }
}

/** Reads the parameters into `draft`, then lets `settle` look at all of them; a reply of 250 is an acceptance in other words. */
export function readParams<Params>(
  rest: string,
  extended: boolean,
  facts: ServerFacts,
  find: (keyword: string) => ParamSpec<Params> | null,
  draft: Draft<Params>,
  settle: (draft: Draft<Params>) => Reply | null = () => null,
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
    return settle(draft)
  } catch (error) {
    if (error instanceof PeerSyntaxError) return BAD_PARAM
    throw error
  }
}
