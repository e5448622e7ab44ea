import { testTranscripts } from '../support/transcripts.ts'
import { pop3Transcript } from './set-up.ts'

testTranscripts('pop3', pop3Transcript)
