// TLS contexts are dear (certificates are parsed), so that one is made per options object and kept as long as it lives.
import type { SecureContext } from 'node:tls'
import { late } from '../base/late.ts'
import type { SecureContextLike, TlsOptions } from '../base/runtime.ts'
import { builtin } from './builtin.ts'

const contexts = new WeakMap<TlsOptions, SecureContext>()
/** A client that brings nothing of its own: one for all, because a hundred root certificates are in it. */
const plain = late(() => builtin('node:tls').createSecureContext({ minVersion: 'TLSv1.2' }))

/** The context of these options. Throws what node:tls throws for a bad key or certificate. */
export function secureContext(options: TlsOptions | SecureContextLike): SecureContext {
  if ('context' in options) return options as SecureContext
  const { cert, key, ca, passphrase, ciphers, minVersion } = options
  if (!cert && !key && !ca && !ciphers && (minVersion ?? 'TLSv1.2') === 'TLSv1.2') return plain()
  let context = contexts.get(options)
  if (!context) {
    context = builtin('node:tls').createSecureContext({
      minVersion: minVersion ?? 'TLSv1.2',
      ...(cert !== undefined && { cert: cert as string }),
      ...(key !== undefined && { key: key as string }),
      ...(ca !== undefined && { ca: ca as string }),
      ...(passphrase !== undefined && { passphrase }),
      ...(ciphers !== undefined && { ciphers }),
    })
    contexts.set(options, context)
  }
  return context
}
