// npm's mailparser and we read the corpus alike, except where a case says why not; and it says so nowhere in vain.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simpleParser } from 'mailparser'
import { addressText, attachmentText, type Facts, normal, ourFacts } from './comparison.ts'
import { bytesOf, type Compared, corpus } from './corpus/index.ts'

type Parsed = Awaited<ReturnType<typeof simpleParser>>

function mailboxes(field: Parsed['to']): string | null {
  const fields = field === undefined ? [] : Array.isArray(field) ? field : [field]
  return fields.map(one => addressText(one.value)).join(', ') || null
}

async function mailparserFacts(raw: Buffer): Promise<Facts> {
  const m = await simpleParser(raw, { keepCidLinks: true, skipHtmlToText: true, skipTextToHtml: true })
  return {
    subject: m.subject ?? null,
    from: mailboxes(m.from),
    to: mailboxes(m.to),
    cc: mailboxes(m.cc),
    date: m.date?.toISOString() ?? null,
    messageId: m.messageId ?? null,
    plain: normal(m.text),
    html: normal(m.html),
    attachments: m.attachments.map(a => attachmentText(a.filename, a.contentType, a.content)),
  }
}

for (const [topic, cases] of Object.entries(corpus)) {
  test(`mailparser agrees on ${topic}, except for the listed differences`, async t => {
    for (const one of cases) {
      await t.test(one.name, async () => {
        const raw = bytesOf(one)
        const [ours, theirs] = [ourFacts(raw), await mailparserFacts(raw)]
        for (const key of Object.keys(ours) as Compared[]) {
          const reason = one.mailparser?.[key]
          if (reason === undefined) assert.deepEqual(ours[key], theirs[key], key)
          else assert.notDeepEqual(ours[key], theirs[key], `${key}: no difference any more: ${reason}`)
        }
      })
    }
  })
}
