// What a person reads at the start: everything that a mail client asks for, to be copied as it stands.
import { DOORS, type HostOptions, securityOf } from './options.ts'
import { PASSWORD, USERS } from './seed.ts'
import type { RunningHost } from './serve.ts'

export function startText(options: HostOptions, host: RunningHost, version: string): string {
  const rows = DOORS.map(door => [
    door.label,
    options.host,
    String(host.ports[door.listener]),
    securityOf(door, host.clearPasswords),
  ])
  const widths = ['', '', ''].map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
  return [
    `email-server ${version} is running; it keeps its mail in ${host.data}`,
    '',
    ...lines,
    '',
    ...(host.webPage === null ? [] : [`  Web page     ${host.webPage}`]),
    `  Accounts     ${USERS.map(user => user.address).join(', ')}`,
    `  Password     ${PASSWORD}`,
    `  Certificate  ${host.certificate.file} (self-signed: clients have to be told to trust it)`,
    '',
    host.clearPasswords
      ? 'Passwords are taken without TLS, because nobody but this machine can connect; --require-tls forbids it.'
      : 'Passwords are taken over TLS only.',
    'Mail for example.test is delivered. Mail for anywhere else waits in the folder Outbox of its sender: nothing leaves this machine.',
    'Stop with Ctrl-C.',
  ].join('\n')
}
