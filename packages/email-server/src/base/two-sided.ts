// One constructor for both sides of a protocol: `isServer: false` makes the client, everything else the server.

/** What a constructor of both sides makes of which options. */
export interface TwoSided<ServerOptions, Server, ClientOptions extends { readonly isServer: false }, Client> {
  new (options: ClientOptions): Client
  new (options: ServerOptions): Server
}

type Constructor<Options, Session> = new (options: Options) => Session

/** `instanceof` holds for the sessions of both sides. */
export function twoSided<ServerOptions, Server, ClientOptions extends { readonly isServer: false }, Client>(
  server: Constructor<ServerOptions, Server>,
  client: Constructor<ClientOptions, Client>,
): TwoSided<ServerOptions, Server, ClientOptions, Client> {
  function Session(options: ServerOptions | ClientOptions): Server | Client {
    const isClient = (options as { readonly isServer?: unknown } | undefined)?.isServer === false
    return isClient ? new client(options as ClientOptions) : new server(options as ServerOptions)
  }
  Object.defineProperty(Session, Symbol.hasInstance, {
    value: (session: unknown) => session instanceof server || session instanceof client,
  })
  return Session as unknown as TwoSided<ServerOptions, Server, ClientOptions, Client>
}
