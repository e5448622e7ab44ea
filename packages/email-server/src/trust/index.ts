// trust/: who sent this, and what may be believed of a message.

export {
  type ArcLink,
  type ArcResult,
  ArcSealing,
  type ArcSealOptions,
  ArcVerification,
  type ArcVerifyOptions,
  arcSeal,
  arcVerify,
} from './arc/index.ts'
export {
  type AuthenticationResults,
  type AuthMethod,
  type AuthProperty,
  forgedResults,
  readAuthenticationResults,
  readAuthservId,
  withoutFields,
  writeAuthenticationPayload,
  writeAuthenticationResults,
} from './authentication-results/index.ts'
export {
  type BimiOptions,
  type BimiQuery,
  type BimiRecord,
  type BimiResult,
  checkBimi,
  readBimiRecord,
} from './bimi/index.ts'
export {
  MessageCheck,
  type MessageCheckOptions,
  type MessageOrigin,
  type MessageVerdict,
} from './check-message.ts'
export {
  type DkimAlignment,
  type DkimCanonicalization,
  type DkimKey,
  DkimKeyCache,
  type DkimResult,
  type DkimResultCode,
  type DkimSignatureResult,
  DkimSigner,
  DkimSigning,
  type DkimSignOptions,
  DkimVerification,
  DkimVerifier,
  type DkimVerifyOptions,
  dkimSign,
  dkimVerify,
  findKey,
  type KeyResolver,
  type MessageInput,
  type MessageListener,
  MessageReader,
  type PrivateKeyInput,
  readChunks,
  readMessage,
  type SignatureAlgorithm,
  type SigningKey,
} from './dkim/index.ts'
export {
  checkDmarc,
  type DmarcIdentifier,
  type DmarcOptions,
  type DmarcPolicy,
  type DmarcQuery,
  type DmarcRecord,
  type DmarcResult,
  readDmarcRecord,
} from './dmarc/index.ts'
export { checkRdns, type RdnsOptions, type RdnsQuery, type RdnsResult } from './iprev/index.ts'
export {
  checkSpf,
  isSpfRecord,
  readSpfRecord,
  type SpfOptions,
  type SpfQuery,
  type SpfRecord,
  type SpfRecordResult,
  type SpfResult,
  type SpfVerdict,
  writeReceivedSpf,
} from './spf/index.ts'
