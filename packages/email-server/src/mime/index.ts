export type { AddressInput, AddressObject } from '../address/index.ts'
export { decodeEncodedWords } from '../text/index.ts'
export { AddressField } from './address-field.ts'
export { Attachment } from './attachment.ts'
export { type BinarySection, resolveBinary } from './binary.ts'
export { composeMessage } from './compose.ts'
export type {
  AttachmentOptions,
  CalendarOptions,
  ComposeContext,
  ComposedMessage,
  ContentSource,
  EnvelopeInput,
  HeadersInput,
  HeaderValue,
  ListOptions,
  ListValue,
  MessageContent,
  MessageEnvelope,
  MessageOptions,
  PartInput,
  PartOptions,
  PreparedHeaderValue,
  SmtpProfile,
  TransferEncoding,
} from './compose-options.ts'
export { describePart, type PartFacts } from './describe.ts'
export { envelopeOf, extractEnvelope } from './envelope.ts'
export {
  fieldLines,
  fieldText,
  type HeaderBlock,
  type HeaderField,
  headerText,
  splitHeader,
} from './header.ts'
export { type HtmlToTextOptions, htmlToText } from './html-to-text.ts'
export { IncomingHeader, type ReceivedHeader } from './incoming-header.ts'
export type { MimeLimits } from './limits.ts'
export { extractMessageMetadata, type MessageMetadata, messageIdsIn, metadataOf } from './metadata.ts'
export { type CalendarPart, ParsedMessage, parseMessage } from './parse.ts'
export type { ParseOptions } from './parse-options.ts'
export {
  type HeaderLine,
  type ListEntry,
  ParsedHeaders,
  type ParsedHeaderValue,
  type StructuredValue,
} from './parsed-headers.ts'
export { isMessageType, type MessagePart } from './part.ts'
export { previewOf } from './preview.ts'
export { MessageScanner, type ScanEvents, type ScanOptions, scanMessage } from './scan.ts'
export { SearchableMessage } from './search.ts'
export {
  findPart,
  resolveSection,
  type Section,
  type SectionPartial,
  type SectionRanges,
  sectionRanges,
} from './section.ts'
export { type MessageSource, parseMessageStream, type StreamedPart } from './stream.ts'
export { bodyStructureOf, extractBodyStructure } from './structure.ts'
export { parameterOf, type RawParameters, readStructured, type StructuredField } from './structured.ts'
export { textToHtml } from './text-to-html.ts'
export type {
  BodyStructure,
  Disposition,
  Envelope,
  EnvelopeAddress,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from './types.ts'
