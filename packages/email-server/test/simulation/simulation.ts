// One run: three domains, messages by both doors, everything that can go wrong, days of time; then the books must balance. The seed decides it all.
import { createHash } from 'node:crypto'
import { connectSMTP, type DeliveryQueue, type MailError } from '../../src/index.ts'
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
  /** Of all that was said, with the times, when it was traced: the same for the same seed. */
  readonly digest: string
}

const DOMAINS = ['a.test', 'b.test', 'c.test']
const USERS = ['ann', 'ben']
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
      { name: 'c.test', server: { mailAuth: false, dsn: true } },
    ],
  })
  options.plant?.(world)
  const messages = 2 + whole(random, 7)
  const wrong: string[] = []
  try {
    world.faults.rates = ratesFor(random)
    for (let i = 0; i < messages; i++) {
      send(world, random, `<${seed}.${i}@sim.test>`)
      await pass(world, random)
      if (fraction(random) < 0.15) wrong.push(...(await readMail(world, random)))
    }
    await world.advance('1d')
    // the weather clears up: what still waits gets its chance
    world.faults.clear()
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
  return { seed, wrong, messages, totals: world.totals, digest: digestOf(world) }
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

/** A mail program that hands its message in, once. */
async function submit(
  world: MailWorld,
  from: string,
  to: readonly string[],
  messageId: string,
  content: Uint8Array,
): Promise<void> {
  const host = `mail.${from.slice(from.indexOf('@') + 1)}`
  const smtp = await connectSMTP({
    ...{ host, runtime: world.runtime(), auth: { user: from, pass: 'x' }, allowInsecureAuth: true },
    requireTls: false,
  })
  try {
    const { accepted } = await smtp.send({ from, to, content })
    world.submitted(messageId, accepted.length > 0 ? 'yes' : 'no')
  } catch (error) {
    world.submitted(messageId, (error as MailError).ambiguous ? 'nothing' : 'no')
  }
  await smtp.close()
}

/** Time passes, and sometimes the clock is set. */
async function pass(world: MailWorld, random: RandomBytes): Promise<void> {
  await world.advance(
    oneOf(random, [0, whole(random, 2000), whole(random, 30 * MINUTE), whole(random, 6 * HOUR)]),
  )
  if (fraction(random) < 0.05) world.jumpClock(Math.round((fraction(random) - 0.5) * 4 * HOUR))
}

/** Two programs read the same folder while mail comes in; what they believe must be true. */
async function readMail(world: MailWorld, random: RandomBytes): Promise<string[]> {
  const { rates } = world.faults
  world.faults.rates = NO_FAULTS
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
  const uids = mailbox.messages().map(({ uid }) => uid)
  for (const program of programs) await program.compare(uids)
  world.faults.rates = rates
  return programs.flatMap(({ wrong }) => wrong)
}

function digestOf(world: MailWorld): string {
  const hash = createHash('sha256')
  for (const { at, connection, kind, text } of world.recorder.events)
    hash.update(`${at} ${connection} ${kind} ${text}\n`)
  return hash.digest('hex')
}
