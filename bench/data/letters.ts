// 11 KB letters, all different, as a POP3 client fetches them.

export const LETTERS = 2_000

export function letters(): Buffer[] {
  return Array.from({ length: LETTERS }, (_, i) => {
    const lines = Array.from({ length: 142 }, (_, line) =>
      `line ${line} of letter ${i}, `.padEnd(76, 'and so on '),
    )
    const header = `From: bob@example.test\r\nTo: alice@example.test\r\nSubject: letter ${i}\r\n\r\n`
    return Buffer.from(`${header}${lines.join('\r\n')}\r\n`)
  })
}
