// Reads TypeScript or JavaScript source as far as the room rules need it: which characters are code, which string literals
// there are, and which of them name a module. Comments, strings and regular expressions never look like code to a rule.

const REGEX_MAY_FOLLOW =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|yield|await|void|delete))$/

/**
 * @typedef {{ value: string, start: number, line: number }} Literal
 * @typedef {{ specifier: string, line: number, typeOnly: boolean }} Import
 * @typedef {{ code: string, strings: Literal[], imports: Import[], lines: number, lineAt(offset: number): number }} Source
 */

/**
 * `code` is as long as `text`: comments, regular expressions and the insides of strings are spaces.
 * @param {string} text
 * @returns {Source}
 */
export function scan(text) {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  const lineAt = offset => {
    let low = 0
    let high = lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (lineStarts[middle] <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  const strings = []
  const templates = [] // brace depth inside each open `${ … }`
  let code = ''
  let at = 0
  const blank = end => {
    code += text.slice(at, end).replace(/[^\n]/g, ' ')
    at = end
  }
  const template = () => {
    // from after a backquote or a closing brace, to the next `${` or the closing backquote
    let end = at
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{')) {
      end += text[end] === '\\' ? 2 : 1
    }
    blank(Math.min(end, text.length))
    if (text[at] === '$') {
      code += '${'
      at += 2
      templates.push(0)
    } else if (at < text.length) {
      code += '`'
      at++
    }
  }

  while (at < text.length) {
    const char = text[at]
    const next = text[at + 1]
    if (char === '/' && next === '/') blank(endOf(text.indexOf('\n', at), text))
    else if (char === '/' && next === '*') blank(endOf(text.indexOf('*/', at + 2), text, 2))
    else if (char === '/' && REGEX_MAY_FOLLOW.test(code.slice(-60).trimEnd())) blank(endOfRegex(text, at))
    else if (char === "'" || char === '"') {
      let end = at + 1
      while (end < text.length && text[end] !== char && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1
      strings.push({ value: text.slice(at + 1, end), start: at, line: lineAt(at) })
      code += char
      at++
      blank(Math.min(end, text.length))
      if (text[at] === char) {
        code += char
        at++
      }
    } else if (char === '`') {
      code += char
      at++
      template()
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop()
      code += char
      at++
      template()
    } else {
      if (templates.length > 0 && char === '{') templates[templates.length - 1]++
      if (templates.length > 0 && char === '}') templates[templates.length - 1]--
      code += char
      at++
    }
  }

  const imports = []
  for (const { value, start, line } of strings) {
    const before = code.slice(Math.max(0, start - 4000), start)
    if (!/(?:\bfrom|\bimport|\b(?:import|require)\s*\(|\bimport\s*\(\s*\/\*.*\*\/)\s*$/.test(before)) continue
    if (/[.\w$]\s*\.\s*from\s*$/.test(before)) continue
    const statement = before.slice(Math.max(before.lastIndexOf('import'), before.lastIndexOf('export')))
    imports.push({ specifier: value, line, typeOnly: /^(?:import|export)\s+type\b/.test(statement) })
  }
  return {
    code,
    strings,
    imports,
    lines: text.endsWith('\n') ? lineStarts.length - 1 : lineStarts.length,
    lineAt,
  }
}

function endOf(found, text, length = 0) {
  return found === -1 ? text.length : found + length
}

function endOfRegex(text, start) {
  let inClass = false
  let at = start + 1
  for (; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '[') inClass = true
    else if (text[at] === ']') inClass = false
    else if (text[at] === '/' && !inClass) break
  }
  at++
  while (/[a-z]/.test(text[at] ?? '')) at++
  return Math.min(at, text.length)
}
