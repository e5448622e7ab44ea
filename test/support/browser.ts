// Chromium of this machine, driven by playwright-core.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Null: this machine has none. */
export const chromiumPath: string | null = process.env['CHROMIUM'] ?? CHROMIUM.find(existsSync) ?? null

export interface Screen {
  readonly width: number
  readonly height: number
  readonly dark?: boolean
}

export const DESKTOP: Screen = { width: 1280, height: 800 }
export const PHONE: Screen = { width: 390, height: 780 }

export function openBrowser(): Promise<Browser> {
  // without its own sandbox, which root cannot have; nothing but our page and the mail of the tests is opened
  return chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] })
}

/** A new page; `complaints` gets what the browser finds wrong with it: errors, and violations of the Content-Security-Policy. */
export async function openPage(browser: Browser, screen: Screen, complaints: string[]): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: screen.width, height: screen.height },
    colorScheme: screen.dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', message => {
    if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text()))
      complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(error.message))
  return page
}
