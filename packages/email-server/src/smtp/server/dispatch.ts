// From a line to the command that it is: found in the registry, permitted in this state, run, and answered for when it fails.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, Registry, ServerContext } from '../registry.ts'
import { OUT_OF_PLACE } from '../state.ts'
import { readCommandLine } from '../wire/command-line.ts'
import type { Reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import { TOO_LONG_LINE } from './modes.ts'
import { LHLO_FIRST, MALFORMED, NOT_HERE, UNKNOWN, UNREADABLE } from './replies.ts'
import { OUR_FAULT } from './verdicts.ts'

export class Dispatch {
  readonly #core: SessionCore
  readonly #registry: Registry
  readonly #context: ServerContext

  constructor(core: SessionCore, registry: Registry, context: ServerContext) {
    this.#core = core
    this.#registry = registry
    this.#context = context
  }

  /** `line` is without its CRLF, one character for each octet. */
  read(line: string): void {
    const { limits, state } = this.#core
    const { verb, argument, clean } = readCommandLine(line)
    const spec = this.#registry.command(verb, this.#context)
    if (line.length + 2 > limits[spec?.lineLimit ?? 'smtpCommandLine']) this.#core.answer(TOO_LONG_LINE)
    else if (!clean) this.#core.answer(UNREADABLE)
    else if (!spec) this.#core.answer(this.#registry.knows(verb, this.#context.role) ? NOT_HERE : UNKNOWN)
    else if (!spec.states.includes(state.kind)) this.#core.answer(this.outOfPlace())
    else this.#run(spec, argument)
  }

  outOfPlace(): Reply {
    const { kind } = this.#core.state
    return kind === 'fresh' && this.#context.role === 'lmtp' ? LHLO_FIRST : OUT_OF_PLACE[kind]
  }

  #run(spec: CommandSpec, argument: string): void {
    try {
      const result = spec.run(this.#context, argument)
      if (result instanceof Promise) {
        const release = this.#core.hold()
        result.then(
          value => release(() => this.#core.answer(value)),
          error => release(() => this.#fail(spec, error)),
        )
      } else this.#core.answer(result)
    } catch (error) {
      this.#fail(spec, error)
    }
  }

  #fail(spec: CommandSpec, error: unknown): void {
    if (error instanceof PeerSyntaxError) {
      this.#core.answer(spec.malformed ?? MALFORMED)
      return
    }
    this.#core.failed(`the command ${spec.name} failed`, error)
    this.#core.answer(OUR_FAULT)
  }
}
