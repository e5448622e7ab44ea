export { type HeaderBlock, type HeaderField, fieldLines, fieldText, headerText, splitHeader } from './header.ts'
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
export type {
  BodyStructure,
  Disposition,
  Envelope,
  EnvelopeAddress,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from './types.ts'
