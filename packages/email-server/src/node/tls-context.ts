// TLS contexts are dear (certificates are parsed), so that one is made per options object and kept as long as it lives.
import type { SecureContext } from 'node:tls'
import type { SecureContextLike, TlsOptions } from '../base/runtime.ts'
import { builtin } from './builtin.ts'

const contexts = new WeakMap<TlsOptions, SecureContext>()

/** The context of these options. Throws what node:tls throws for a bad key or certificate. */
export function secureContext(options: TlsOptions | SecureContextLike): SecureContext {
  if ('context' in options) return options as SecureContext
  let context = contexts.get(options)
  if (!context) {
    const { cert, key, ca, passphrase, ciphers, minVersion } = options
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
