// text/: from bytes to text and back. Transfer encodings, charsets, encoded words, parameters, dates, domain names.

export {
  Base64Decoder,
  Base64Encoder,
  type ByteDecoder,
  base64Length,
  decodeBase64,
  encodeBase64,
  writeBase64,
} from './base64.ts'
export {
  CharsetDecoder,
  type CharsetHook,
  type CharsetOptions,
  decodeCharset,
  isKnownCharset,
} from './charset.ts'
export { canonicalCharset } from './charset-names.ts'
export { type MailDate, readMailDate, writeMailDate } from './dates.ts'
export {
  type EncodedWordContext,
  type EncodedWordOptions,
  encodeWords,
  needsEncodedWords,
} from './encode-words.ts'
export { decodeEncodedWords, decodeHeaderText } from './encoded-words.ts'
export { domainToAscii, domainToUnicode, isAscii } from './idna.ts'
export {
  type CalendarDay,
  calendarDay,
  readImapDate,
  readInternalDate,
  writeImapDate,
  writeInternalDate,
} from './imap-dates.ts'
export { decodeImapUtf7, encodeImapUtf7 } from './imap-utf7.ts'
export {
  type DecodedParameter,
  type DecodedParameters,
  decodeParameters,
  encodeParameter,
  isToken,
  type ParameterDefect,
  type ParameterOptions,
} from './parameters.ts'
export {
  decodeQuotedPrintable,
  decodeQuotedPrintableText,
  QuotedPrintableDecoder,
} from './quoted-printable.ts'
export { encodeQuotedPrintable, type QuotedPrintableOptions } from './quoted-printable-encode.ts'
export { hasMixedScripts } from './scripts.ts'
export {
  createTransferDecoder,
  decodeTransfer,
  type TransferEncoding,
  transferEncodingOf,
} from './transfer-encoding.ts'
export { unfold } from './unfold.ts'
export { decodeUnitext, encodeUnitext } from './unitext.ts'
export { decodeUnlabelled, UnlabelledDecoder } from './unlabelled.ts'
export { decodeUuencode, findUuencoded, UuDecoder, type UuencodedFile } from './uuencode.ts'
export { decodeXtext, encodeXtext } from './xtext.ts'
