// FUTURERELEASE (RFC 4865): a message that is to be held back for a while. For submission only (§4.2).
import { PeerSyntaxError } from '../../base/errors.ts'
import { holdForValue, holdUntilValue } from '../grammar/future-release.ts'
import type { ServerFacts, SmtpExtension } from '../registry.ts'

/** The latest time until which a message can be held, ms since the epoch; no later than the longest interval allows. */
function latest(facts: ServerFacts): number {
  const { maxInterval, maxDateTime } = facts.extensions.futureRelease!
  return maxDateTime ?? facts.now + maxInterval * 1000
}

export const futureRelease: SmtpExtension = {
  name: 'FUTURERELEASE',
  rfc: '4865',
  gate: facts => facts.extensions.futureRelease !== null && facts.role === 'submission',
  ehlo: facts => [
    `FUTURERELEASE ${holdForValue.write(facts.extensions.futureRelease!.maxInterval)} ${holdUntilValue.write(latest(facts))}`,
  ],
  // what is out of bounds is answered like what is malformed (§4.2)
  mailParams: [
    {
      keyword: 'HOLDFOR',
      read(value, draft, facts) {
        draft.holdFor = holdForValue.read(value ?? '')
        if (draft.holdFor > facts.extensions.futureRelease!.maxInterval) throw new PeerSyntaxError('too long')
        return null
      },
    },
    {
      keyword: 'HOLDUNTIL',
      read(value, draft, facts) {
        draft.holdUntil = holdUntilValue.read(value ?? '')
        if (draft.holdUntil > latest(facts)) throw new PeerSyntaxError('too late')
        return null
      },
    },
  ],
  settleMail({ holdFor, holdUntil, by }, facts) {
    if (holdFor !== null && holdUntil !== null) throw new PeerSyntaxError('one of HOLDFOR and HOLDUNTIL')
    const seconds = holdFor ?? (holdUntil === null ? null : (holdUntil - facts.now) / 1000)
    // held back until after it had to be there (§5.2.2)
    if (seconds !== null && by !== null && seconds > by.seconds) {
      throw new PeerSyntaxError('BY is before the end of the hold')
    }
    return null
  },
}
