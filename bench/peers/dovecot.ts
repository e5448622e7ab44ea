// Dovecot, where Debian's package is installed (and we are root, as it wants to be): the mailbox of data/mailbox.ts as a Maildir.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, listening } from '../../test/support/ports.ts'
import { MESSAGES, rawMessage } from '../data/mailbox.ts'
import type { ServerProcess } from '../harness/child.ts'

const DOVECOT = '/usr/sbin/dovecot'

export const HAS_DOVECOT: boolean = existsSync(DOVECOT) && process.getuid?.() === 0

/** A server with INBOX full; any user, the password `password`. */
export async function startDovecot(): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-dovecot-'))
  const maildir = join(folder, 'mail')
  for (const place of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, place), { recursive: true })
  for (let uid = 1; uid <= MESSAGES; uid++) {
    writeFileSync(join(maildir, 'cur', `${1_700_000_000 + uid}.${uid}.bench:2,S`), rawMessage(uid))
  }
  execFileSync('chown', ['-R', 'mail:mail', folder])
  const port = await freePort()
  const config = [
    `base_dir = ${folder}/run`,
    `state_dir = ${folder}/run`,
    `log_path = ${folder}/log`,
    'protocols = imap',
    'listen = 127.0.0.1',
    `mail_location = maildir:${maildir}`,
    'mail_uid = mail\nmail_gid = mail\nfirst_valid_uid = 1\nfirst_valid_gid = 1',
    'disable_plaintext_auth = no\nssl = no',
    'passdb {\n driver = static\n args = password=password\n}',
    `userdb {\n driver = static\n args = uid=mail gid=mail home=${folder}\n}`,
    `service imap-login {\n inet_listener imap {\n port = ${port}\n }\n inet_listener imaps {\n port = 0\n }\n}`,
  ]
  writeFileSync(join(folder, 'dovecot.conf'), `${config.join('\n')}\n`)
  const child = spawn(DOVECOT, ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'inherit' })
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  }
  try {
    await listening(port, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, pid: child.pid!, cpu: async () => cpuOfFamily(child.pid!), stop }
}

/** µs of processor time of a process and all that come from it; in steps of 10 ms. */
function cpuOfFamily(root: number): number {
  const times = new Map<number, { parent: number; ticks: number }>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      times.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) })
    } catch {
      // it has ended meanwhile
    }
  }
  let ticks = 0
  for (const [pid, { ticks: own }] of times) {
    let ancestor: number | undefined = pid
    while (ancestor !== undefined && ancestor !== root) ancestor = times.get(ancestor)?.parent
    if (ancestor === root) ticks += own
  }
  return ticks * 10_000
}
