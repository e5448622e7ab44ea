// trust/dkim/: signatures of domains on messages (RFC 6376, 8301, 8463, 8616), made and checked in one pass.

export type { PrivateKeyInput } from '../../base/private-key.ts'
export { BodyCanonicalizer, BodyDigest, BodyHashes } from './body-hash.ts'
export {
  type Canonicalization,
  canonicalField,
  canonicalOwn,
  canonicalText,
  FieldPicker,
  headerText,
} from './canonical-header.ts'
export {
  type MessageInput,
  type MessageListener,
  MessageReader,
  readChunks,
  readMessage,
} from './message-reader.ts'
export { type ReadySigner, readSigningKey, type SigningKey, signText } from './private-key.ts'
export {
  DkimKeyCache,
  findKey,
  isSignedBy,
  type KeyAnswer,
  type KeyResolver,
  keyFault,
  type PublicKey,
} from './public-key.ts'
export {
  type DkimCanonicalization,
  type DkimKey,
  DkimSigner,
  DkimSigning,
  type DkimSignOptions,
  dkimSign,
} from './sign.ts'
export {
  type CoverTags,
  readCover,
  readDnsName,
  readNumber,
  readSigner,
  type SignatureAlgorithm,
  type SignerTags,
} from './signature.ts'
export {
  DEFAULT_OVERSIGNED,
  DEFAULT_SIGNED,
  fieldNames,
  foldBase64,
  foldNames,
  signedNames,
} from './signed-fields.ts'
export {
  type DkimAlignment,
  type DkimResult,
  type DkimResultCode,
  type DkimSignatureResult,
  DkimVerification,
  DkimVerifier,
  type DkimVerifyOptions,
  dkimVerify,
} from './verify.ts'
