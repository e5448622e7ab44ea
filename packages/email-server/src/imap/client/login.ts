// Who we are, who the server is, and what it offers: LOGIN, AUTHENTICATE, STARTTLS, COMPRESS, ID, ENABLE (RFC 3501 §6.1, §6.2,
// RFC 4959, RFC 4978, RFC 2971, RFC 5161).
import { MailError, usageError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import {
  type ClientCredentials,
  chooseMechanism,
  decodeSaslBase64,
  encodeSaslBase64,
} from '../../sasl/index.ts'
import type { ClientCore, Work } from './core.ts'
import { missing, refusal } from './faults.ts'
import { readValue } from './values.ts'

/** No mechanism asks so often. */
const MOST_CHALLENGES = 20
/** Octets of a line within which an initial response stays. */
const LINE_LIMIT = 8000

/** LOGIN; AUTHENTICATE PLAIN where the server wants no LOGIN. */
export function login(user: string, pass: string): Work<void> {
  if (typeof user !== 'string' || typeof pass !== 'string')
    throw usageError('login wants a user name and a password')
  if (/[\0\r\n]/.test(user) || /[\0\r\n]/.test(pass))
    throw usageError('a user name or password must not contain CR, LF or NUL')
  return {
    async run(core) {
      if (core.has('LOGINDISABLED')) {
        if (core.capability.some(each => /^AUTH=(?:PLAIN|SCRAM|LOGIN)/i.test(each)))
          return authenticate({ user, pass }).run(core)
        throw new MailError('ENOAUTH', 'the server takes no password here', { command: 'LOGIN' })
      }
      if (!core.tls && !core.options.allowInsecureAuth) {
        throw new MailError(
          'ENOAUTH',
          'LOGIN gives the password away without TLS (allowInsecureAuth would allow it)',
        )
      }
      const status = await core.send({
        name: 'LOGIN',
        args: w => w.raw(' ').astring(user).raw(' ').astring(pass),
        shown: 'LOGIN (secret)',
        alone: true,
        needs: 'nothing',
        done: told => {
          core.loggedIn()
          return told
        },
        refused: told => {
          throw refusal('LOGIN', told, 'EAUTH')
        },
      })
      await core.refreshCapability(status)
    },
  }
}

/** The strongest mechanism that both sides have. */
export function authenticate(credentials: ClientCredentials): Work<void> {
  return {
    async run(core) {
      const { host, port, allowInsecureAuth = false } = core.options
      const offered = core.capability.filter(each => /^AUTH=/i.test(each)).map(each => each.slice(5))
      const plainOnly = offered.length === 0 && !core.has('LOGINDISABLED') && credentials.method === undefined
      if (plainOnly && credentials.pass !== undefined)
        return login(credentials.user, credentials.pass).run(core)
      const { name, exchange } = chooseMechanism(offered, credentials, {
        tls: core.tls,
        random: core.random,
        allowInsecureAuth,
        ...(host !== undefined && { host }),
        ...(port !== undefined && { port }),
      })
      let initial = exchange.initial()
      let line = ''
      if (initial !== null && (core.has('SASL-IR') || core.has('IMAP4REV2'))) {
        const text = initial.length === 0 ? '=' : encodeSaslBase64(initial)
        if (text.length < LINE_LIMIT) {
          line = ` ${text}`
          initial = null
        }
      }
      let asked = 0
      let why: MailError | null = null
      const status = await core
        .send({
          name: 'AUTHENTICATE',
          args: w => w.raw(` ${name}${line}`),
          shown: `AUTHENTICATE ${name}`,
          alone: true,
          needs: 'nothing',
          async continued(text) {
            try {
              if (++asked > MOST_CHALLENGES) throw new MailError('EAUTH', 'the server asks without end')
              const challenge = decodeSaslBase64(text)
              if (!challenge) throw new MailError('EAUTH', "the server's challenge is not base64")
              const answer = initial ?? (await exchange.step(challenge))
              initial = null
              return encodeSaslBase64(answer)
            } catch (error) {
              // gives up (RFC 3501 §6.2.2): the server has to say BAD
              why = error as MailError
              return '*'
            }
          },
          done: told => {
            core.loggedIn()
            return told
          },
          refused: told => {
            throw why ?? refusal('AUTHENTICATE', told, 'EAUTH')
          },
        })
        .catch(error => {
          throw why ?? asAuth(error)
        })
      try {
        if (why) throw why
        exchange.finish(null)
      } catch (error) {
        // it has not shown that it knows us: who is it?
        core.end(error as MailError)
        throw error
      }
      await core.refreshCapability(status)
    },
  }
}

/** A BAD to a login is a refusal, too. */
function asAuth(error: unknown): unknown {
  if (!(error instanceof MailError) || error.code !== 'ECOMMAND') return error
  const { command, response, serverCode } = error
  return new MailError('EAUTH', error.message, {
    ...(command !== undefined && { command }),
    ...(response !== undefined && { response }),
    ...(serverCode !== undefined && { serverCode }),
  })
}

export const startTls: Work<TlsInfo> = {
  async run(core) {
    if (core.tls) throw usageError('the connection has TLS already')
    if (!core.options.canUpgrade) throw usageError('canUpgrade is not set: the driver cannot do TLS')
    // who has logged us in without being asked may be anybody (RFC 9051 §11.1)
    if (core.authenticated)
      throw new MailError('ETLS', 'the server has logged us in before TLS', { command: 'STARTTLS' })
    if (!core.has('STARTTLS'))
      throw new MailError('ETLS', 'the server offers no TLS', { command: 'STARTTLS' })
    let secured!: Promise<TlsInfo>
    await core.send({
      name: 'STARTTLS',
      alone: true,
      needs: 'nothing',
      done: () => {
        secured = core.upgradeTls()
        secured.catch(() => {})
      },
      refused: status => {
        throw refusal('STARTTLS', status, 'ETLS')
      },
    })
    return secured
  },
}

/** COMPRESS=DEFLATE (RFC 4978). */
export const compress: Work<void> = {
  async run(core) {
    if (!core.options.canDeflate) throw usageError('canDeflate is not set: the driver cannot compress')
    if (!core.has('COMPRESS=DEFLATE')) throw missing('COMPRESS=DEFLATE')
    let begun!: Promise<void>
    await core.send({
      name: 'COMPRESS',
      args: w => w.raw(' DEFLATE'),
      alone: true,
      done: () => {
        begun = core.upgradeDeflate()
        begun.catch(() => {})
      },
    })
    await begun
  },
}

/** What each side tells of itself, by field names in lower case. */
export type IdInfo = Readonly<Record<string, string | null>>

export function id(fields: IdInfo | null): Work<IdInfo> {
  const list = fields === null ? null : Object.entries(fields)
  if (list && list.length > 30) throw usageError('ID takes 30 fields')
  return {
    async run(core) {
      if (!core.has('ID')) throw missing('ID')
      let told: IdInfo = {}
      return core.send({
        name: 'ID',
        args(w) {
          if (!list) w.raw(' NIL')
          else w.raw(' ').list(list, ([name, value]) => w.string(name).raw(' ').nstring(value))
        },
        needs: 'nothing',
        collects: ['ID'],
        take({ reader }) {
          reader.try(' ')
          const value = readValue(reader)
          if (Array.isArray(value)) told = pairs(value)
          return true
        },
        done: () => told,
      })
    },
  }
}

function pairs(list: readonly unknown[]): IdInfo {
  const out: [string, string | null][] = []
  for (let i = 0; i + 1 < list.length && i < 60; i += 2) {
    const [name, value] = [list[i], list[i + 1]]
    if (typeof name === 'string') out.push([name.toLowerCase(), typeof value === 'string' ? value : null])
  }
  return Object.fromEntries(out)
}

/** ENABLE; resolves with what the server says it has switched on. */
export function enable(names: readonly string[]): Work<readonly string[]> {
  for (const name of names)
    if (!/^[A-Za-z0-9=+-]{1,40}$/.test(name)) throw usageError('ENABLE wants names of capabilities')
  return {
    async run(core) {
      if (!core.has('ENABLE') && !core.has('IMAP4REV2')) throw missing('ENABLE')
      let enabled: readonly string[] = []
      return core.send({
        name: 'ENABLE',
        args: w => w.raw(` ${names.join(' ')}`),
        alone: true,
        collects: ['ENABLED'],
        take({ reader }) {
          enabled = reader.rest().trim().toUpperCase().split(' ').filter(Boolean)
          core.enabled(enabled)
          return true
        },
        done: () => enabled,
      })
    },
  }
}

export const askCapability: Work<readonly string[]> = {
  run: core => core.send({ name: 'CAPABILITY', needs: 'nothing', quiet: false, done: () => core.capability }),
}

export const noop: Work<void> = {
  run: core => core.send({ name: 'NOOP', needs: 'nothing', done: () => {} }),
}

/** How long a goodbye may take, ms: nothing depends on it. */
const GOODBYE_MS = 10_000

export const logout: Work<void> = {
  async run(core: ClientCore) {
    await core.send({
      name: 'LOGOUT',
      args: () => core.leave(),
      alone: true,
      needs: 'nothing',
      time: GOODBYE_MS,
      done: () => {},
    })
    core.end(null)
  },
}
