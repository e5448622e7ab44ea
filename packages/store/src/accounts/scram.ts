// The keys of SCRAM (RFC 5802 §3) beside the password's hash: kept only when that was asked for, since who steals them can check
// guesses faster than with scrypt.
import { type ScramKeys, scramKeys } from 'email-server'

const MECHANISMS = ['scram-sha-1', 'scram-sha-256'] as const
export type ScramMechanism = (typeof MECHANISMS)[number]

export function isScram(authMethod: string): authMethod is ScramMechanism {
  return (MECHANISMS as readonly string[]).includes(authMethod)
}

type Written = Readonly<
  Record<ScramMechanism, readonly [salt: string, iterations: number, stored: string, server: string]>
>

/** The column of these keys; null for a password that SASLprep (RFC 4013) does not allow, which then works without SCRAM. */
export async function scramColumn(password: string): Promise<string | null> {
  try {
    const entries = await Promise.all(
      MECHANISMS.map(async mechanism => {
        const { salt, iterations, storedKey, serverKey } = await scramKeys(password, { mechanism })
        return [mechanism, [base64(salt), iterations, base64(storedKey), base64(serverKey)]] as const
      }),
    )
    return JSON.stringify(Object.fromEntries(entries) as Written)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EAUTH') return null
    throw error
  }
}

export function keysOf(column: string, mechanism: ScramMechanism): ScramKeys {
  const [salt, iterations, storedKey, serverKey] = (JSON.parse(column) as Written)[mechanism]
  return {
    salt: Buffer.from(salt, 'base64'),
    iterations,
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
