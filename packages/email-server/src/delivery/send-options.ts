// What sendMail is told about one message, and the message that comes of it. nodemailer's message options, and what delivery adds.
import { addressesFrom, splitAddress } from '../address/index.ts'
import { asBuffer, hasLineBreak } from '../base/bytes.ts'
import { createHash } from '../base/crypto.ts'
import { describe, MailError, optionError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import {
  type ComposedMessage,
  composeMessage,
  type EnvelopeInput,
  type MessageOptions,
} from '../mime/index.ts'
import { domainToAscii } from '../text/index.ts'
import type { DeliveryEnvelope, Destination } from './courier.ts'
import { type DkimOption, resolveDkim } from './dkim.ts'
import { checkAddress, type DsnWish, type ReadDsnWish, readDsnWish } from './envelope.ts'
import type { Outgoing } from './round.ts'

export interface DeliveryEnvelopeInput extends EnvelopeInput {
  readonly dsn?: DsnWish
  /** The same as `requireTLS` of the message. */
  readonly requireTLSExtensionEnabled?: boolean
}

/** A message and how it is to be sent. */
export interface OutgoingOptions extends Omit<MessageOptions, 'envelope'> {
  /** The SMTP envelope when it differs from the header; `from: ''` is the null sender. */
  readonly envelope?: DeliveryEnvelopeInput
  /** Which reports are wanted (RFC 3461). */
  readonly dsn?: DsnWish | null
  /** REQUIRETLS (RFC 8689): only over verified TLS, by every server on the way, or not at all. Default false. */
  readonly requireTLS?: boolean
  /** Signs with these keys instead of the sender's; false: not at all. */
  readonly dkim?: DkimOption
  /**
   * The same key is sent once: a second call gives the result of the first, and with a queue also after a restart. The Message-ID comes of it
   * when the message has none.
   */
  readonly idempotencyKey?: string
  /** Gives up what has not been sent yet; rejects with EABORT. */
  readonly signal?: AbortSignal
}

const OWN_NAMES: ReadonlySet<string> = new Set(['dsn', 'requireTLS', 'dkim', 'idempotencyKey', 'signal'])
const KEY_LIMIT = 500

/** Throws ECONFIG, EMESSAGE (what no message can hold) or EENVELOPE (nobody to send to), naming the option. */
export function readOutgoing(
  options: OutgoingOptions,
  runtime: Pick<Runtime, 'now' | 'random'>,
  destination: Destination | null,
): Outgoing {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const { idempotencyKey, signal, requireTLS } = options
  const key = checkKey(idempotencyKey)
  if (requireTLS !== undefined && typeof requireTLS !== 'boolean')
    throw optionError('requireTLS', 'true or false', requireTLS)
  const composed = compose(options, key, runtime)
  const { from, to } = composed.envelope
  if (from === null)
    throw new MailError('EENVELOPE', 'the message has no sender: neither from nor envelope.from', {
      permanent: true,
    })
  if (to.length === 0) throw new MailError('EENVELOPE', 'the message has no recipient', { permanent: true })
  const sender = from === '' ? '' : checkAddress('from', from).address
  const wish = readDsnWish(options.dsn ?? options.envelope?.dsn)
  return {
    id: key ?? hex(runtime.random(16)),
    isKeyed: key !== null,
    messageId: composed.messageId,
    envelope: envelopeOf(sender, wish, options),
    recipients: to.map(address => ({
      address,
      ...(wish.notify && { notify: wish.notify }),
      ...(wish.orcpt && { orcpt: wish.orcpt }),
    })),
    source: () => (composed.inMemory ? composed.bytesSync() : composed.stream()),
    signing: options.dkim === undefined ? null : resolveDkim(options.dkim),
    // a message that somebody else has made goes as it is
    complete: null,
    signal,
    destination,
    answerWithinMs: null,
  }
}

function envelopeOf(from: string, wish: ReadDsnWish, options: OutgoingOptions): DeliveryEnvelope {
  const requireTls = options.requireTLS ?? options.envelope?.requireTLSExtensionEnabled ?? false
  return {
    from,
    ...(wish.ret && { ret: wish.ret }),
    ...(wish.envid && { envid: wish.envid }),
    ...(requireTls && { requireTls }),
  }
}

function compose(
  options: OutgoingOptions,
  key: string | null,
  runtime: Pick<Runtime, 'now' | 'random'>,
): ComposedMessage {
  const message: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) if (!OWN_NAMES.has(name)) message[name] = value
  const { envelope } = options
  if (envelope) {
    const { from, to, cc, bcc } = envelope
    message['envelope'] = { from, to, cc, bcc }
  }
  if (key !== null && options.messageId === undefined) {
    // one Message-ID for one key, however often it is tried
    const [author] = options.from === undefined ? [] : addressesFrom(options.from, 'from')
    const domain = domainToAscii(splitAddress(author?.address ?? '').domain) || 'localhost'
    message['messageId'] = `${key}@${domain.startsWith('[') ? 'localhost' : domain}`
  }
  return composeMessage(message as MessageOptions, runtime)
}

/** The id of a key: fit for file names and headers, whatever the key is. */
function checkKey(key: unknown): string | null {
  if (key === undefined) return null
  if (typeof key !== 'string' || key === '' || key.length > KEY_LIMIT || hasLineBreak(key))
    throw optionError('idempotencyKey', `a text of 1 to ${KEY_LIMIT} characters (not ${describe(key)})`, key)
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}
