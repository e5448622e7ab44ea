// Letters of several scripts in one label, by which look-alike domains are made (аpple.com with a Cyrillic а). Unicode UTS #39 §5.2, the
// level "highly restrictive".

// Those that have look-alikes of one another, and those that are written together. A letter of any other script counts as `other`.
const SCRIPTS: readonly (readonly [name: string, letters: RegExp])[] = [
  ['latin', /\p{Script=Latin}/u],
  ['cyrillic', /\p{Script=Cyrillic}/u],
  ['greek', /\p{Script=Greek}/u],
  ['han', /\p{Script=Han}/u],
  ['kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['hangul', /\p{Script=Hangul}/u],
  ['bopomofo', /\p{Script=Bopomofo}/u],
  ['armenian', /\p{Script=Armenian}/u],
  ['cherokee', /\p{Script=Cherokee}/u],
  ['hebrew', /\p{Script=Hebrew}/u],
  ['arabic', /\p{Script=Arabic}/u],
]
const ANY_LETTER = /\p{L}/u

// Japanese, Chinese and Korean, each with Latin letters.
const TOGETHER: readonly ReadonlySet<string>[] = [
  new Set(['latin', 'han', 'kana']),
  new Set(['latin', 'han', 'bopomofo']),
  new Set(['latin', 'han', 'hangul']),
]

/**
 * True when a label of the domain (U-labels: ask `domainToUnicode` first) has letters of scripts that no language writes together. Such a domain
 * should be shown to people in its A-label form.
 */
export function hasMixedScripts(domain: string): boolean {
  return domain.split('.').some(label => {
    const found = new Set<string>()
    for (const letter of label) if (letter > '\x7f' || ANY_LETTER.test(letter)) addScript(letter, found)
    return found.size > 1 && !TOGETHER.some(set => [...found].every(script => set.has(script)))
  })
}

function addScript(letter: string, found: Set<string>): void {
  const script = SCRIPTS.find(([, letters]) => letters.test(letter))
  if (script) found.add(script[0])
  else if (ANY_LETTER.test(letter)) found.add('other')
}
