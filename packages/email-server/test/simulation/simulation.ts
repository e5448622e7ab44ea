// One run: three domains, messages by both doors, everything that can go wrong, days of time; then the books must balance. The seed decides it all.
import { createHash } from 'node:crypto'
import { connectSMTP, type DeliveryQueue, type MailError, type SmtpConnection } from '../../src/index.ts'
import {
  createMailWorld,
  type FaultRates,
  type LedgerTotals,
  type MailWorld,
  NO_FAULTS,
  SOME_FAULTS,
  WorldError,
} from '../../src/testing/index.ts'
import { fraction, oneOf, type RandomBytes, whole } from '../../src/testing/lots.ts'
import { seededBytes } from '../../src/testing/seeded.ts'
import { ImapMirror } from './imap-mirror.ts'
import { ImapReader } from './imap-reader.ts'

export interface RunOptions {
  /** Default: real for one seed in twenty. */
  readonly tls?: 'real' | 'made up'
  /** Meddles with the world before anything happens: how a test plants a bug. */
  readonly plant?: (world: MailWorld) => void
  /** The queue of the server of a.test. Default: in memory. */
  readonly queue?: DeliveryQueue
  readonly trace?: boolean
}

export interface RunResult {
  readonly seed: number
  /** Empty: all invariants hold. */
  readonly wrong: readonly string[]
  readonly messages: number
  readonly totals: LedgerTotals
  /** What has gone wrong on the way, as it was asked to, and how often. */
  readonly happened: Readonly<Record<string, number>>
  /** Of all that was said, with the times, when it was traced: the same for the same seed. */
  readonly digest: string
}

const DOMAINS = ['a.test', 'b.test', 'c.test']
const USERS = ['ann', 'ben']
const CERTIFICATES = ['expired', 'not yet valid', 'wrong name', 'self-signed', null] as const
const MINUTE = 60_000
const HOUR = 60 * MINUTE

export async function simulate(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const random = seededBytes(seed * 7919 + 13)
  const world = await createMailWorld({
    seed,
    trace: options.trace ?? false,
    tls: options.tls ?? (seed % 20 === 0 ? 'real' : 'made up'),
    domains: [
      { name: 'a.test', server: { delivery: options.queue ? { queue: options.queue } : {} } },
      // so little memory that messages go to the spool
      { name: 'b.test', server: { limits: { messageInMemory: 4096 } } },
      {
        name: 'c.test',
        server: {
          mailAuth: false,
          dsn: true,
          delivery: { whenAmbiguous: seed % 3 === 0 ? 'retry' : 'bounce' },
        },
      },
    ],
  })
  options.plant?.(world)
  const messages = 2 + whole(random, 7)
  const wrong: string[] = []
  const readers = seed % 4 === 1 ? DOMAINS.map(domain => new ImapReader(world, domain, USERS[0]!)) : []
  try {
    world.faults.rates = ratesFor(random)
    for (let i = 0; i < messages; i++) {
      send(world, random, `<${seed}.${i}@sim.test>`)
      await pass(world, random)
      // where somebody keeps a picture of it, more happens in the folder
      if (fraction(random) < (readers.length > 0 ? 0.4 : 0.15)) wrong.push(...(await readMail(world, random)))
    }
    await world.advance('1d')
    // the weather clears up: what still waits gets its chance
    world.faults.clear()
    for (const domain of DOMAINS) world.certify(domain, null)
    // whoever has lost his connection is back by then
    if (readers.length > 0) await world.advance('1h')
    for (const reader of readers) wrong.push(...(await reader.compare()))
    await world.advance('12d')
    for (const domain of DOMAINS) {
      const left = world.queue(domain).length
      if (left > 0) wrong.push(`${left} messages are in the queue of ${domain} after twelve quiet days`)
    }
    wrong.push(...(await readMail(world, random)))
  } catch (error) {
    wrong.push(String((error as Error).stack))
  }
  await world.close().catch((error: unknown) => {
    wrong.push(...(error instanceof WorldError ? error.wrong : [String(error)]))
  })
  const happened = world.faults.tally.counts
  return { seed, wrong, messages, totals: world.totals, happened, digest: digestOf(world) }
}

/** Each kind of fault is off, as usual, or frequent. */
function ratesFor(random: RandomBytes): FaultRates {
  const rates = Object.entries(SOME_FAULTS).map(([name, rate]) => [
    name,
    oneOf(random, [0, rate, rate, 5 * rate]),
  ])
  return { ...NO_FAULTS, ...Object.fromEntries(rates) }
}

function send(world: MailWorld, random: RandomBytes, messageId: string): void {
  const from = `${oneOf(random, USERS)}@${oneOf(random, DOMAINS)}`
  const count = 1 + whole(random, 3)
  const to = [
    ...new Set(Array.from({ length: count }, () => `${oneOf(random, USERS)}@${oneOf(random, DOMAINS)}`)),
  ]
  const lines = 1 + whole(random, oneOf(random, [3, 3, 2000]))
  const text = 'A line of sixty characters that is said again and again, ok\n'.repeat(lines)
  if (fraction(random) < 0.6) {
    world.hand({ from, to, messageId, subject: 'simulated', text }).catch(() => {})
    return
  }
  const raw = `Message-ID: ${messageId}\r\nFrom: ${from}\r\nSubject: simulated\r\n\r\n${text.replaceAll('\n', '\r\n')}`
  world
    .track(`submission of ${messageId}`, submit(world, from, to, messageId, Buffer.from(raw)))
    .catch(() => {})
}

/** Times that a mail program hands the same message in, when it does not hear that it was taken. */
const MOST_SUBMISSIONS = 3

/** A mail program that hands its message in, again and again: for one that was taken and of which it has not heard, twice is what it gets. */
async function submit(
  world: MailWorld,
  from: string,
  to: readonly string[],
  messageId: string,
  content: Uint8Array,
): Promise<void> {
  const runtime = world.runtime()
  for (let left = MOST_SUBMISSIONS; left > 0; left--) {
    const heard = await submitOnce(world, from, to, messageId, content)
    if (heard === 'yes') return
    if (heard === 'nothing') world.faults.tally.count('a client has not heard what became of its message')
    await new Promise<void>(resolve => runtime.setTimer(10 * MINUTE, resolve))
  }
}

async function submitOnce(
  world: MailWorld,
  from: string,
  to: readonly string[],
  messageId: string,
  content: Uint8Array,
): Promise<'yes' | 'no' | 'nothing' | 'nobody there'> {
  const host = `mail.${from.slice(from.indexOf('@') + 1)}`
  let smtp: SmtpConnection
  try {
    smtp = await connectSMTP({
      ...{ host, runtime: world.runtime(), auth: { user: from, pass: 'x' }, allowInsecureAuth: true },
      requireTls: false,
    })
  } catch {
    return 'nobody there'
  }
  let heard: 'yes' | 'no' | 'nothing'
  try {
    const { accepted } = await smtp.send({ from, to, content })
    heard = accepted.length > 0 ? 'yes' : 'no'
  } catch (error) {
    heard = (error as MailError).ambiguous ? 'nothing' : 'no'
  }
  world.submitted(messageId, heard)
  await smtp.close()
  return heard
}

/** Time passes, and sometimes the clock is set. */
async function pass(world: MailWorld, random: RandomBytes): Promise<void> {
  await world.advance(
    oneOf(random, [0, whole(random, 2000), whole(random, 30 * MINUTE), whole(random, 6 * HOUR)]),
  )
  if (fraction(random) < 0.05) world.jumpClock(Math.round((fraction(random) - 0.5) * 4 * HOUR))
  // for those who read them: where TLS is made up, links say who trusts whom
  if (fraction(random) < 0.6) world.certify(oneOf(random, DOMAINS), oneOf(random, CERTIFICATES))
}

/** Two programs read the same folder while mail comes in; what they believe must be true. */
async function readMail(world: MailWorld, random: RandomBytes): Promise<string[]> {
  const { rates } = world.faults
  // the line is good, the store is not
  world.faults.rates = { ...NO_FAULTS, mailbox: rates.mailbox }
  const domain = oneOf(random, DOMAINS)
  const user = `${oneOf(random, USERS)}@${domain}`
  const mailbox = world.mailbox(user)
  for (let i = whole(random, 6); i > 0; i--) mailbox.deliver(Buffer.from(`Subject: filler ${i}\r\n\r\nx\r\n`))
  const programs = [
    await ImapMirror.open(world, domain, user, 'the first program'),
    await ImapMirror.open(world, domain, user, 'the second program'),
  ]
  for (let i = 0; i < 8; i++) {
    if (fraction(random) < 0.2) mailbox.deliver(Buffer.from('Subject: new\r\n\r\nx\r\n'))
    await oneOf(random, programs).act(random)
  }
  for (const program of programs) await program.compare(() => mailbox.messages().map(({ uid }) => uid))
  world.faults.rates = rates
  return programs.flatMap(({ wrong }) => wrong)
}

function digestOf(world: MailWorld): string {
  const hash = createHash('sha256')
  for (const { at, connection, kind, text } of world.recorder.events)
    hash.update(`${at} ${connection} ${kind} ${text}\n`)
  return hash.digest('hex')
}
