// The pictures of docs/web.md: `npm run build && node scripts/screenshots.mjs`. Starts the development server with some mail, opens it in Chromium, and writes
// docs/images/web-*.png. Wants Chromium (CHROMIUM names another than /usr/bin/chromium).
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTransport } from 'nodemailer'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const images = join(root, 'docs/images')
const data = mkdtempSync(join(tmpdir(), 'screenshots-'))
const ports = ['inbound', 'submission', 'submissions', 'imap', 'imaps', 'pop3', 'pop3s']
const args = ['--data', data, ...ports.flatMap(name => [`--${name}-port`, '0']), '--web', '0']
const server = spawn(process.execPath, [join(root, 'packages/host/dist/cli.js'), ...args], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let printed = ''
for await (const chunk of server.stdout) {
  printed += chunk
  if (printed.includes('Stop with')) break
}
const web = /Web page +(\S+)/.exec(printed)[1]
const inbound = Number(/^ {2}SMTP, mail coming in .* (\d+) {2}STARTTLS/m.exec(printed)[1])
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-lcd-text'],
})

try {
  mkdirSync(images, { recursive: true })
  await someMail()
  const alice = '#/mail/alice%40example.test/INBOX'
  await picture('web-desktop', `${alice}/8`, { width: 1200, height: 720 })
  await picture('web-dark', '#/sessions/2', { width: 1200, height: 720 }, 'dark')
  await picture('web-failures', '#/failures', { width: 1200, height: 560 })
  await picture('web-phone', `${alice}/8`, { width: 390, height: 760 })
  await picture('web-phone-list', alice, { width: 390, height: 760 }, 'dark')
} finally {
  await browser.close()
  server.kill()
  await once(server, 'exit')
  rmSync(data, { recursive: true })
}

async function someMail() {
  const transport = createTransport({ host: '127.0.0.1', port: inbound, ignoreTLS: true })
  await transport.sendMail({
    from: 'The Shop <support@shop.example>',
    to: 'alice@example.test',
    subject: 'Reset your password',
    text: 'Your code is 482 913. Or follow https://shop.example/reset?token=abc.',
    headers: {
      'Authentication-Results':
        'mx.example.test; spf=pass smtp.mailfrom=shop.example; dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example',
    },
    html: `<div style="font-family: sans-serif; max-width: 460px; margin: 24px auto; padding: 32px; border: 1px solid #e5e7ef; border-radius: 14px">
<h1 style="margin: 0 0 12px; font-size: 22px">Reset your password</h1>
<p style="color: #555">Somebody, we hope you, has forgotten the password of your account. Your code is</p>
<p style="font: 700 28px monospace; letter-spacing: 6px">482 913</p>
<p><a href="https://shop.example/reset?token=abc" style="display: inline-block; padding: 12px 20px; border-radius: 10px; background: #0f766e; color: #fff; text-decoration: none">Choose a new one</a></p>
<p style="color: #888; font-size: 13px">It is good for ten minutes.</p></div>`,
    attachments: [{ filename: 'terms.txt', content: 'Be kind.\n' }],
  })
  await api('/api/failures', { command: 'RCPT', reply: '451 4.7.1 Greylisted, try again later', times: 2 })
  await api('/api/failures', { command: 'AUTH', reply: '535 5.7.8 Authentication failed', times: 1 })
  await transport.sendMail({ from: 'news@shop.example', to: 'alice@example.test', text: 'x' }).catch(() => {})
  transport.close()
}

async function api(path, value) {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(new URL(path, web), { method: 'POST', headers, body: JSON.stringify(value) })
  if (!answer.ok) throw new Error(await answer.text())
}

async function picture(name, hash, viewport, colorScheme = 'light') {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' })
  await page.goto(`${web}${hash}`)
  await page.waitForSelector('.state.on', { state: 'attached' })
  await page.waitForTimeout(700)
  const path = join(images, `${name}.png`)
  await page.screenshot({ path })
  await page.close()
  // a third of the size, where there is pngquant
  spawnSync('pngquant', ['--force', '--strip', '--skip-if-larger', '--output', path, '128', path])
}
