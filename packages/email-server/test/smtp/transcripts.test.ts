import { testTranscripts } from '../support/transcripts.ts'
import { harnessSession } from './support.ts'

testTranscripts('smtp', transcript => ({
  open: (_connection, now) => harnessSession(transcript.options, now),
}))
