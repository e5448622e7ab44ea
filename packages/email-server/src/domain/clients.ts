// How mail programs find the servers of a domain by themselves: SRV records (RFC 6186, RFC 8314 §5.1), Mozilla's autoconfig and Microsoft's
// autodiscover ("plain old XML"), with a handler that serves the two.
import { optionError } from '../base/errors.ts'
import { nameOption, objectOption } from './check-options.ts'
import { type HttpHandler, type HttpRequest, passOn, requestHost, requestPath, respond } from './http.ts'
import type { RequiredRecord } from './records.ts'

export type ClientService = 'imaps' | 'imap' | 'pop3s' | 'pop3' | 'submissions' | 'submission'

export interface ClientOptions {
  /** Where the mail programs of users connect. Default: the first MX host. */
  readonly host?: string
  /** Port of a service; false: there is none. Default: imaps 993, submissions 465, submission 587, nothing else. */
  readonly services?: Readonly<Partial<Record<ClientService, number | false>>>
  /** What mail programs call the provider. Default: the domain. */
  readonly displayName?: string
  /** The web server of `autoconfig.<domain>` and `autodiscover.<domain>`. Default: `host`. */
  readonly webHost?: string
}

export interface ClientMaterial {
  readonly host: string
  readonly services: Readonly<Record<ClientService, number | false>>
  /** Mozilla's `config-v1.1.xml`. */
  readonly autoconfig: string
  /** Microsoft's answer; `login` is the address that was asked about. */
  readonly autodiscover: (login?: string) => string
  /**
   * Serves both: `/mail/config-v1.1.xml` of `autoconfig.<domain>`, `/.well-known/autoconfig/mail/config-v1.1.xml` of the domain, and
   * `/autodiscover/autodiscover.xml` of the domain and of `autodiscover.<domain>`. All else is a 404.
   */
  readonly serve: HttpHandler
}

interface Service {
  readonly label: string
  readonly port: number | false
  /** SRV: the lower the better; programs shall rather use IMAP than POP3 (RFC 6186 §3.4), TLS from the start than STARTTLS (RFC 8314 §3). */
  readonly priority: number
  readonly element: 'incomingServer' | 'outgoingServer'
  readonly type: 'imap' | 'pop3' | 'smtp'
  readonly socket: 'SSL' | 'STARTTLS'
}

const imap = { element: 'incomingServer', type: 'imap' } as const
const pop3 = { element: 'incomingServer', type: 'pop3' } as const
const smtp = { element: 'outgoingServer', type: 'smtp' } as const
const SERVICES: Readonly<Record<ClientService, Service>> = {
  imaps: { label: '_imaps', port: 993, priority: 0, socket: 'SSL', ...imap },
  imap: { label: '_imap', port: false, priority: 5, socket: 'STARTTLS', ...imap },
  pop3s: { label: '_pop3s', port: false, priority: 10, socket: 'SSL', ...pop3 },
  pop3: { label: '_pop3', port: false, priority: 15, socket: 'STARTTLS', ...pop3 },
  submissions: { label: '_submissions', port: 465, priority: 0, socket: 'SSL', ...smtp },
  submission: { label: '_submission', port: 587, priority: 5, socket: 'STARTTLS', ...smtp },
}
const NAMES = Object.keys(SERVICES) as ClientService[]
const KNOWN = ['host', 'services', 'displayName', 'webHost'] as const

/** Throws ECONFIG that names the option. */
export function buildClients(
  domain: string,
  options: unknown,
  mxHost: string,
): { readonly clients: ClientMaterial; readonly records: RequiredRecord[] } {
  const given = objectOption(options, 'clients', KNOWN) as ClientOptions
  const host = given.host === undefined ? mxHost : nameOption(given.host, 'clients.host')
  const webHost = given.webHost === undefined ? host : nameOption(given.webHost, 'clients.webHost')
  const displayName = given.displayName ?? domain
  if (typeof displayName !== 'string' || !/^[^\p{Cc}\p{Cs}\ufffe\uffff]{1,200}$/u.test(displayName)) {
    throw optionError('clients.displayName', 'text of 1 to 200 characters, without line breaks', displayName)
  }
  const services = portsOf(given.services ?? {})
  const autoconfig = autoconfigXml(domain, displayName, host, services)
  const autodiscover = (login = ''): string => autodiscoverXml(host, services, login)
  const clients = {
    host,
    services,
    autoconfig,
    autodiscover,
    serve: handler(domain, autoconfig, autodiscover),
  }
  return { clients, records: recordsOf(domain, host, webHost, services) }
}

function portsOf(given: unknown): Record<ClientService, number | false> {
  const changes = objectOption(given, 'clients.services', NAMES)
  const ports = {} as Record<ClientService, number | false>
  for (const name of NAMES) {
    const port = changes[name] ?? SERVICES[name].port
    if (port !== false && !(Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536)) {
      throw optionError(`clients.services.${name}`, 'a port number from 1 to 65535, or false', port)
    }
    ports[name] = port as number | false
  }
  return ports
}

function recordsOf(
  domain: string,
  host: string,
  webHost: string,
  services: ClientMaterial['services'],
): RequiredRecord[] {
  const alias = (name: string, purpose: string): RequiredRecord => ({
    type: 'CNAME',
    name,
    value: webHost,
    purpose,
  })
  return [
    ...NAMES.map((name): RequiredRecord => {
      const { label, priority } = SERVICES[name]
      const port = services[name]
      const record = { type: 'SRV', name: `${label}._tcp.${domain}` } as const
      return port === false
        ? {
            ...record,
            priority: 0,
            weight: 0,
            port: 0,
            value: '.',
            purpose: `there is no ${name} (RFC 6186)`,
          }
        : { ...record, priority, weight: 1, port, value: host, purpose: `where ${name} is (RFC 6186)` }
    }),
    alias(`autoconfig.${domain}`, 'settings for Thunderbird and its kin'),
    alias(`autodiscover.${domain}`, 'settings for Outlook and its kin'),
    {
      ...{ type: 'SRV', name: `_autodiscover._tcp.${domain}`, priority: 0, weight: 1, port: 443 },
      ...{ value: `autodiscover.${domain}`, purpose: 'settings for Outlook and its kin' },
    },
  ]
}

function autoconfigXml(
  domain: string,
  displayName: string,
  host: string,
  services: ClientMaterial['services'],
): string {
  const servers = byPriority(services).map(
    ({ service: { element, type, socket }, port }) => `    <${element} type="${type}">
      <hostname>${escaped(host)}</hostname>
      <port>${port}</port>
      <socketType>${socket}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </${element}>
`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${escaped(domain)}">
    <domain>${escaped(domain)}</domain>
    <displayName>${escaped(displayName)}</displayName>
    <displayShortName>${escaped(displayName)}</displayShortName>
${servers.join('')}  </emailProvider>
</clientConfig>
`
}

/** Outlook takes one way in of each type: the best one. */
function autodiscoverXml(host: string, services: ClientMaterial['services'], login: string): string {
  const seen = new Set<string>()
  const protocols = byPriority(services)
    .filter(({ service: { type } }) => !seen.has(type) && seen.add(type))
    .map(
      ({ service: { type, socket }, port }) => `      <Protocol>
        <Type>${type.toUpperCase()}</Type>
        <Server>${escaped(host)}</Server>
        <Port>${port}</Port>
        <DomainRequired>off</DomainRequired>
${login === '' ? '' : `        <LoginName>${escaped(login)}</LoginName>\n`}        <SPA>off</SPA>
        <SSL>${socket === 'SSL' ? 'on' : 'off'}</SSL>
        <Encryption>${socket === 'SSL' ? 'SSL' : 'TLS'}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`,
    )
  return `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${protocols.join('')}    </Account>
  </Response>
</Autodiscover>
`
}

function byPriority(services: ClientMaterial['services']): { service: Service; port: number }[] {
  return NAMES.flatMap(name => {
    const port = services[name]
    return port === false ? [] : [{ service: SERVICES[name], port }]
  }).sort((a, b) => a.service.priority - b.service.priority)
}

function handler(domain: string, autoconfig: string, autodiscover: (login?: string) => string): HttpHandler {
  return (request, response, next) => {
    const { method } = request
    const host = requestHost(request)
    const path = requestPath(request)
    const headOnly = method === 'HEAD'
    const reads = method === 'GET' || headOnly
    const isConfig =
      (host === `autoconfig.${domain}` && path === '/mail/config-v1.1.xml') ||
      (host === domain && path === '/.well-known/autoconfig/mail/config-v1.1.xml')
    const isDiscovery =
      (host === domain || host === `autodiscover.${domain}`) &&
      path.toLowerCase() === '/autodiscover/autodiscover.xml'
    if (isConfig && reads) respond(response, 'text/xml; charset=utf-8', autoconfig, { headOnly })
    else if (isDiscovery && reads) respond(response, 'text/xml; charset=utf-8', autodiscover(), { headOnly })
    else if (isDiscovery && method === 'POST') {
      void askedAddress(request).then(login => {
        if (login === null) respond(response, 'text/plain; charset=utf-8', 'Too large\n', { status: 413 })
        else respond(response, 'text/xml; charset=utf-8', autodiscover(login))
      })
    } else passOn(response, next)
  }
}

const LARGEST_QUESTION = 16 * 1024
const LONGEST_ADDRESS = 320

/** The address in the question; '' when there is none, null for a question that is too large. */
async function askedAddress(request: HttpRequest): Promise<string | null> {
  let text = typeof request.body === 'string' ? request.body : ''
  try {
    if (text === '' && request[Symbol.asyncIterator]) {
      for await (const chunk of request as AsyncIterable<unknown>) {
        text += chunk instanceof Uint8Array ? Buffer.from(chunk).toString('utf8') : String(chunk)
        if (text.length > LARGEST_QUESTION) return null
      }
    }
  } catch {
    // Somebody else has read it, or it broke off: the answer without an address serves, too.
  }
  const start = text.indexOf('<EMailAddress>')
  const end = text.indexOf('</EMailAddress>', start)
  const address = start < 0 || end < 0 ? '' : text.slice(start + '<EMailAddress>'.length, end).trim()
  return address.length <= LONGEST_ADDRESS && /^[^\s<>&"\p{Cc}\p{Cs}\ufffe\uffff]+$/u.test(address)
    ? address
    : ''
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`)
}
