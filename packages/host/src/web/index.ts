// The web page of `npm start`, loaded only when there is one: what the server is to be made with, and what is started when it listens.
import type { AttachOptions, MailServer, Store } from '@email-server/store'
import { nodeRuntime } from 'email-server/testing'
import { apiRoutes } from './api.ts'
import type { ServerView } from './api-types.ts'
import { Failures } from './failures.ts'
import { Guard, type GuardOptions } from './guard.ts'
import { News } from './news.ts'
import { type ObservedDoor, ObservedServer } from './observed.ts'
import { SessionLog } from './session-log.ts'
import { StaticFiles } from './static-files.ts'
import { sendTestMessage } from './test-message.ts'
import { WebServer } from './web-server.ts'

export interface WebOptions extends GuardOptions {
  readonly port: number
  readonly address: string
  /** Where the page's files are. */
  readonly files: URL
}

export interface WebParts {
  readonly store: Store
  /** What is told of the mail server, once it listens. */
  readonly server: () => ServerView
  /** Where it takes mail. */
  readonly inbound: () => { readonly host: string; readonly port: number }
  readonly onError: (error: unknown) => void
}

export interface RunningWeb {
  readonly port: number
  close(): Promise<void>
}

export class Web {
  readonly #log: SessionLog = new SessionLog(() => nodeRuntime.now())
  readonly #failures: Failures = new Failures(() => this.#news?.failuresChanged())
  readonly #observed: ObservedServer
  #news: News | null = null

  /** `doors` in the order in which the mail server opens them. */
  constructor(doors: readonly ObservedDoor[]) {
    this.#observed = new ObservedServer(doors, { log: this.#log, failures: this.#failures })
  }

  /** For `createServer`. */
  get runtime(): typeof nodeRuntime {
    return this.#observed.runtime
  }

  /** Instead of `store.attach`. */
  attach(store: Store, server: MailServer, options: AttachOptions = {}): void {
    this.#observed.attach(store, server, options)
  }

  async listen(options: WebOptions, { store, server, inbound, onError }: WebParts): Promise<RunningWeb> {
    const news = new News({ store, log: this.#log, failures: this.#failures })
    const web = new WebServer({
      guard: new Guard(options),
      files: await StaticFiles.read(options.files),
      routes: apiRoutes({
        ...{ store, news, server },
        ...{ log: this.#log, failures: this.#failures },
        send: message => sendTestMessage(message, inbound()),
      }),
      onError,
    })
    this.#news = news
    try {
      const port = await web.listen(options.port, options.address)
      return {
        port,
        close: async () => {
          news.close()
          await web.close()
        },
      }
    } catch (error) {
      news.close()
      throw error
    }
  }
}
