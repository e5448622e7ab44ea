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
export type { MimeLimits } from './limits.ts'
export { isMessageType, type MessagePart } from './part.ts'
export { MessageScanner, type ScanEvents, type ScanOptions, scanMessage } from './scan.ts'
export {
  findPart,
  type Partial,
  resolveSection,
  type Section,
  type SectionRanges,
  sectionRanges,
} from './section.ts'
export { type MessageSource, parseMessageStream, type StreamedPart } from './stream.ts'
export { bodyStructureOf, extractBodyStructure } from './structure.ts'
export { parameterOf, type RawParameters, readStructured, type StructuredField } from './structured.ts'
export type {
  BodyStructure,
  Disposition,
  Envelope,
  EnvelopeAddress,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from './types.ts'
