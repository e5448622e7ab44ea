// The programs of a document, by the headings above them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The block marked `js` under this heading. */
export async function jsProgram(document: string, heading: string): Promise<string> {
  const text = await readFile(join(ROOT, document), 'utf8')
  const section = text.split(/^#+ /m).find(part => part.startsWith(`${heading}\n`))
  const source = section && /^```js\n([\s\S]*?)^```$/m.exec(section)?.[1]
  if (!source) throw new Error(`${document} has no program under ${heading}`)
  return source
}
