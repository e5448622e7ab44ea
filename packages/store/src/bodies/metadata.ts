// What is computed from a message once, when it comes in: what a client's list of messages shows, and what searching and
// sorting ask.
import { type BodyStructure, type Envelope, extractBodyStructure, extractEnvelope } from 'email-server/mime'

export interface Metadata {
  readonly envelope: Envelope
  readonly structure: BodyStructure
}

export function describeMessage(raw: Uint8Array): Metadata {
  return { envelope: extractEnvelope(raw), structure: extractBodyStructure(raw) }
}
