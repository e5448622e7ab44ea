// Which mechanism a client takes: the strongest that the server offers and the credentials fit.
import { MailError, usageError } from '../base/errors.ts'
import { anonymous } from './anonymous.ts'
import { cramMd5 } from './cram-md5.ts'
import { external } from './external.ts'
import { login } from './login.ts'
import type { ClientCredentials, SaslClientContext, SaslClientExchange, SaslMechanism } from './mechanism.ts'
import { oauthbearer } from './oauthbearer.ts'
import { plain } from './plain.ts'
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from './scram.ts'
import { xoauth2 } from './xoauth2.ts'

/** Every mechanism, the strongest first. EXTERNAL, ANONYMOUS and CRAM-MD5 come into play only when they are named. */
export const MECHANISMS: readonly SaslMechanism[] = [
  external,
  scramSha256Plus,
  scramSha1Plus,
  scramSha256,
  scramSha1,
  oauthbearer,
  xoauth2,
  plain,
  login,
  cramMd5,
  anonymous,
]

export interface ChosenMechanism {
  /** As it is advertised. */
  readonly name: string
  readonly exchange: SaslClientExchange
}

export interface ChoiceContext extends SaslClientContext {
  /** May a password or token cross a connection without TLS? Default false. */
  readonly allowInsecureAuth?: boolean
}

/**
 * @param offered the names that the server has advertised, in any case
 * Throws a MailError: `ENOAUTH` when the server offers nothing that these credentials fit (or only what needs TLS, and there is none),
 * `EAUTH` when the chosen mechanism cannot carry them, `EUSAGE` for a `method` that does not exist.
 */
export function chooseMechanism(
  offered: readonly string[],
  credentials: ClientCredentials,
  context: ChoiceContext,
): ChosenMechanism {
  const names = offered.map(name => name.toUpperCase())
  const { method } = credentials
  const wanted = method === undefined ? null : named(method)
  let inClear: string | null = null
  for (const mechanism of wanted ? [wanted] : MECHANISMS) {
    if (!names.includes(mechanism.name)) continue
    if (mechanism.plaintext && context.tls === null && context.allowInsecureAuth !== true) {
      inClear = mechanism.name
      continue
    }
    const exchange = mechanism.startClient(credentials, { ...context, offered: names })
    if (exchange) return { name: mechanism.name, exchange }
  }
  if (inClear !== null) {
    throw new MailError(
      'ENOAUTH',
      `${inClear} gives the secret away without TLS (allowInsecureAuth would allow it)`,
    )
  }
  throw new MailError(
    'ENOAUTH',
    wanted && names.includes(wanted.name)
      ? `${wanted.name} cannot be used with these credentials on this connection`
      : `the server offers ${wanted ? `no ${wanted.name}` : 'no mechanism that these credentials fit'}`,
  )
}

function named(method: string): SaslMechanism {
  const mechanism = MECHANISMS.find(({ name }) => name === String(method).toUpperCase())
  if (!mechanism)
    throw usageError(`auth.method must be one of ${MECHANISMS.map(({ name }) => name).join(', ')}`)
  return mechanism
}
