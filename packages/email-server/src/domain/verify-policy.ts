// The MTA-STS policy as senders get it: over HTTPS, read as RFC 8461 §3.2 says, compared by what it means.
import { utf8 } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type { FetchAnswer, Runtime } from '../base/runtime.ts'
import type { StsPolicy } from '../delivery/index.ts'
import type { MtaStsMaterial } from './mta-sts.ts'
import type { DnsFinding, StsReaders } from './verification.ts'

/** RFC 8461 §3.3 */
const LARGEST_POLICY = 64 * 1024

/** Never rejects. */
export async function checkPolicyFile(
  mtaSts: MtaStsMaterial,
  fetch: NonNullable<Runtime['fetch']>,
  timeoutMs: number,
  { readStsPolicy }: Pick<StsReaders, 'readStsPolicy'>,
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
  const served = readStsPolicy(text)
  if (!served.ok) return wrong(`senders cannot read it, ${served.reason}: serve it with mtaSts.serve`, [text])
  const differing = difference(served.policy, mtaSts)
  if (differing !== null)
    return wrong(`${differing} is another one than expected: serve the new policy`, [text])
  return { ...base, status: 'right', found: [text], advice: 'the policy is served' }
}

function difference(served: StsPolicy, expected: MtaStsMaterial): string | null {
  const hosts = (mx: readonly string[]): string => [...new Set(mx)].sort().join(' ')
  if (served.mode !== expected.mode) return 'mode'
  if (hosts(served.mx) !== hosts(expected.mx)) return 'mx'
  return served.maxAge === expected.maxAgeSeconds ? null : 'max_age'
}
