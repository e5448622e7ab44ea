// trust/arc/: what those before us saw, handed on under seal (RFC 8617).

export { ArcSealing, type ArcSealOptions, arcSeal } from './seal.ts'
export { type ArcLink, type ArcResult, ArcVerification, type ArcVerifyOptions, arcVerify } from './verify.ts'
