// Builtin modules that most programs never need, loaded when they are first used: a process starts faster without them.
import { createRequire } from 'node:module'
import { late } from '../base/late.ts'

interface Builtins {
  'node:dgram': typeof import('node:dgram')
  'node:dns': typeof import('node:dns')
  'node:https': typeof import('node:https')
  'node:os': typeof import('node:os')
  'node:tls': typeof import('node:tls')
  'node:zlib': typeof import('node:zlib')
}

/** Node 20.16 and newer can be asked, also when a bundler has turned everything into CommonJS; older ones require. */
const load = late<(name: string) => unknown>(() =>
  'getBuiltinModule' in process ? name => process.getBuiltinModule(name) : createRequire(import.meta.url),
)

export function builtin<K extends keyof Builtins>(name: K): Builtins[K] {
  return load()(name) as Builtins[K]
}
