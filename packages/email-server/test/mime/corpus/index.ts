import { addresses } from './addresses.ts'
import type { Case } from './case.ts'
import { contents } from './contents.ts'
import { headers } from './headers.ts'
import { parts } from './parts.ts'
import { structure } from './structure.ts'

export const corpus: Readonly<Record<string, readonly Case[]>> = {
  structure,
  headers,
  addresses,
  contents,
  parts,
}
export { bytesOf, type Case, type Compared, type Expected, type Reasons } from './case.ts'
