// neomutt and offlineimap, run as their users run them, each with a home of its own.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './host.ts'
import { run } from './programs.ts'

/** neomutt wants a terminal: Python gives it one, and ends it after 30 seconds. */
const ON_A_TERMINAL = `
import os, pty, select, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM='xterm', HOME=sys.argv[1], LINES='40', COLUMNS='120')
    os.execvp('neomutt', ['neomutt', '-n', '-F', sys.argv[2]])
shown, end = b'', time.time() + 30
while time.time() < end:
    if not select.select([fd], [], [], 0.5)[0]: continue
    try: piece = os.read(fd, 65536)
    except OSError: break
    if not piece: break
    shown += piece
else: os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(shown)
sys.exit(abs(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
`

export interface Neomutt extends AsyncDisposable {
  /** Opens INBOX, types these functions and keys (as `push` takes them), and leaves; what the screen showed. */
  types(keys: string): Promise<string>
}

export async function neomutt(port: number): Promise<Neomutt> {
  const home = await temporaryFolder()
  const settings = join(home.path, 'neomuttrc')
  return {
    async types(keys) {
      const lines = [
        `set folder="imap://bob@127.0.0.1:${port}/"`,
        'set spoolfile="+INBOX" record="+Sent" postponed="+Drafts"',
        'set imap_user=bob imap_pass=password',
        'set ssl_force_tls=no ssl_starttls=no',
        'set imap_condstore=yes imap_qresync=yes imap_idle=yes',
        `set header_cache="${home.path}/cache"`,
        'set confirmcreate=no confirmappend=no delete=yes move=no quit=yes wait_key=no beep=no',
        `push "${keys}<sync-mailbox><quit>"`,
        '',
      ]
      await writeFile(settings, lines.join('\n'), { mode: 0o600 })
      return (await run('python3', ['-c', ON_A_TERMINAL, home.path, settings])).toString('latin1')
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

export interface Offlineimap extends AsyncDisposable {
  /** Brings both sides in step; what offlineimap says of it. */
  sync(): Promise<string>
  readonly maildir: string
}

export async function offlineimap(port: number): Promise<Offlineimap> {
  const home = await temporaryFolder()
  const maildir = join(home.path, 'mail')
  await mkdir(maildir)
  const settings = join(home.path, 'offlineimaprc')
  const lines = [
    ...['[general]', 'accounts = one', `metadata = ${home.path}/state`, 'fsync = False'],
    ...['[Account one]', 'localrepository = near', 'remoterepository = far'],
    ...['[Repository near]', 'type = Maildir', `localfolders = ${maildir}`],
    ...['[Repository far]', 'type = IMAP', 'remotehost = 127.0.0.1', `remoteport = ${port}`],
    ...['remoteuser = bob', 'remotepass = password', 'ssl = no', 'starttls = no', ''],
  ]
  await writeFile(settings, lines.join('\n'), { mode: 0o600 })
  return {
    maildir,
    async sync() {
      const args = ['-c', settings, '-o', '-u', 'basic']
      return (await run('offlineimap', args, { env: { HOME: home.path } })).toString()
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}
