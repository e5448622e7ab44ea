// Big5 as Windows and ETEN have it (cp950). TextDecoder of Node 20 reads what Windows adds in row C6A1–C7FC (kana, Cyrillic, circled
// numbers) and every unassigned pair as private-use characters (0x83 0x5C gives U+F00E); later ones follow WHATWG Encoding.

import type { TextSource } from './text-source.ts'

/** The characters of C6A1–C7FC, which Node 20 gives as U+F6B1–U+F7A9. */
const ETEN =
  'ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれ' +
  'ろゎわゐゑをんァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラ' +
  'リルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧⑨⑩⑴' +
  '⑵⑶⑷⑸⑹⑺⑻⑼⑽'

const ETEN_START = 0xf6b1

/** Streaming decoder. */
export class Big5Decoder implements TextSource {
  readonly #decoder: InstanceType<typeof TextDecoder> = new TextDecoder('big5')

  write(bytes: Uint8Array): string {
    return withoutPrivateUse(this.#decoder.decode(bytes, { stream: true }))
  }

  end(): string {
    return this.#decoder.decode()
  }
}

function withoutPrivateUse(text: string): string {
  let out = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0xe000 || c > 0xf8ff) continue
    out += text.slice(from, i) + (ETEN[c - ETEN_START] ?? '\ufffd')
    from = i + 1
  }
  return from === 0 ? text : out + text.slice(from)
}
