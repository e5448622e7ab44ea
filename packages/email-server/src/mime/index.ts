export type {
  BodyStructure,
  Disposition,
  Envelope,
  EnvelopeAddress,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from './types.ts'
