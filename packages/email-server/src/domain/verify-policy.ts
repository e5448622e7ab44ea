// The MTA-STS policy as senders get it: over HTTPS, read as RFC 8461 §3.2 says, compared by what it means.
import { utf8 } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type { FetchAnswer, Runtime } from '../base/runtime.ts'
import type { MtaStsMaterial } from './mta-sts.ts'
import type { DnsFinding } from './verification.ts'

/** RFC 8461 §3.3 */
const LARGEST_POLICY = 64 * 1024

/** Never rejects. */
export async function checkPolicyFile(
  mtaSts: MtaStsMaterial,
  fetch: NonNullable<Runtime['fetch']>,
  timeoutMs: number,
): Promise<DnsFinding> {
  const { policy, policyUrl } = mtaSts
  const base = { check: 'mtaSts', type: 'HTTPS', name: policyUrl, expected: policy } as const
  const wrong = (advice: string, found: readonly string[] = []): DnsFinding => ({
    ...base,
    status: 'wrong',
    found,
    advice,
  })
  let answer: FetchAnswer
  try {
    answer = await fetch({ url: policyUrl, timeoutMs, maxBytes: LARGEST_POLICY })
  } catch (error) {
    const code = error instanceof MailError ? error.code : ''
    const why = error instanceof Error ? error.message : String(error)
    if (code === 'ETLS')
      return wrong(
        `the certificate of ${new URL(policyUrl).host} is not valid (${why}): senders ignore the policy`,
      )
    if (code === 'ELIMIT') return wrong('the file is far too large: serve the policy')
    return {
      ...base,
      status: 'unknown',
      found: [],
      advice: `${policyUrl} cannot be fetched (${why}): serve it with mtaSts.serve`,
    }
  }
  if (answer.status !== 200) {
    return wrong(
      `the web server answers ${answer.status} instead of 200, and senders follow no redirects: serve it with mtaSts.serve`,
    )
  }
  const text = utf8(answer.body)
  if (!/^text\/plain *(?:;|$)/i.test(answer.contentType)) {
    return wrong(`the Content-Type is ${answer.contentType || 'missing'}, not text/plain`, [text])
  }
  const differing = difference(readPolicy(text), readPolicy(policy))
  if (differing !== null)
    return wrong(`${differing} is another one than expected: serve the new policy`, [text])
  return { ...base, status: 'right', found: [text], advice: 'the policy is served' }
}

type Policy = ReadonlyMap<string, readonly string[]>

function readPolicy(text: string): Policy {
  const fields = new Map<string, string[]>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    const known = fields.get(name)
    if (known === undefined) fields.set(name, [value])
    // §3.2: of fields that are no mx the first one counts
    else if (name === 'mx') known.push(value)
  }
  return fields
}

function difference(found: Policy, expected: Policy): string | null {
  const text = (policy: Policy, name: string): string =>
    [...new Set(policy.get(name)?.map(value => (name === 'mx' ? value.toLowerCase() : value)))]
      .sort()
      .join(' ')
  return ['version', 'mode', 'mx', 'max_age'].find(name => text(found, name) !== text(expected, name)) ?? null
}
