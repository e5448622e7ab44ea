// The only file that imports node:crypto.
export {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  type X509Certificate,
} from 'node:crypto'
