// The one list of what the server speaks. An extension is its file and its line here.
import { imap4rev1 } from '../commands/index.ts'
import { type Extension, Registry } from '../registry.ts'
import { literal } from './literal.ts'
import { saslIr } from './sasl-ir.ts'
import { starttls } from './starttls.ts'

export const EXTENSIONS: readonly Extension[] = [imap4rev1, literal, saslIr, starttls]

export const REGISTRY: Registry = new Registry(EXTENSIONS)
