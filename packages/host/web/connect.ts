// What a program or a mail client is told: hosts, ports, names, password.
import type { ServerView } from '../src/web/api-types.ts'
import { api } from './api.ts'
import type { View } from './app.ts'
import { fill, h } from './dom.ts'

export function connectView(): View {
  const content = h('section', { 'aria-labelledby': 'connect-title' })
  const refresh = async (): Promise<void> => {
    const server = await api.server()
    fill(content, h('h1', { id: 'connect-title' }, 'Connect'), ...facts(server))
  }
  return {
    element: h('div', { class: 'page one' }, content),
    show: () => {
      document.title = 'Connect'
      refresh()
    },
    refresh,
  }
}

function facts({ version, hostname, address, ports, accounts, password }: ServerView): HTMLElement[] {
  const sending = ports.find(({ name }) => name.startsWith('SMTP, sending'))
  const example = [
    'import { createTransport } from "nodemailer"',
    '',
    `createTransport({ host: "${address}", port: ${sending?.port}, ignoreTLS: true,`,
    `  auth: { user: "${accounts[0]}", pass: "${password ?? '…'}" } })`,
  ]
  return [
    h(
      'p',
      {},
      `email-server ${version}, ${hostname}. Mail for the accounts is delivered; mail for anywhere else waits in the Outbox.`,
    ),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Ports' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h('tr', {}, ...['What', 'Host', 'Port', 'Security'].map(title => h('th', { scope: 'col' }, title))),
        ),
        h(
          'tbody',
          {},
          ...ports.map(({ name, port, security }) =>
            h(
              'tr',
              {},
              h('td', {}, name),
              h('td', {}, h('code', {}, address)),
              h('td', {}, h('code', {}, String(port))),
              h('td', {}, security),
            ),
          ),
        ),
      ),
    ),
    h('h2', {}, 'Accounts'),
    h(
      'p',
      {},
      ...accounts.flatMap((account, i) => [i > 0 && ', ', h('code', {}, account)]),
      password !== null && ', each with the password ',
      password !== null && h('code', {}, password),
    ),
    h('h2', {}, 'From Node.js'),
    h('pre', { class: 'text', tabindex: 0 }, example.join('\n')),
  ]
}
