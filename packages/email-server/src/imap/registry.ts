// The registry: the one place that says what is open in a session. Dispatch and advertisement both ask it, so that no
// capability is named without its code, and no code runs unannounced.
import { usageError } from '../base/errors.ts'
import type {
  AppendItem,
  Extension,
  FetchItem,
  FetchModifier,
  Gate,
  ListReturn,
  ListSelection,
  NamedCommand,
  SearchKeySpec,
  SearchReturn,
  SelectParam,
  SessionFacts,
  StatusItemSpec,
  StoreModifier,
  Words,
} from './extension.ts'
import { isLimited } from './message-limit.ts'

interface Held<T> {
  readonly by: Extension
  readonly spec: T
}

type Table<T> = ReadonlyMap<string, Held<T>>

/** All that the extensions of a list contribute; immutable, shared by all sessions. */
export class Registry {
  readonly extensions: readonly Extension[]
  readonly commands: ReadonlyMap<string, NamedCommand>
  readonly #fetchItems: Table<FetchItem>
  readonly #searchKeys: Table<SearchKeySpec>
  readonly #searchReturns: Table<SearchReturn>
  readonly #statusItems: Table<StatusItemSpec>
  readonly #selectParams: Table<SelectParam>
  readonly #fetchModifiers: Table<FetchModifier>
  readonly #storeModifiers: Table<StoreModifier>
  readonly #appendItems: Table<AppendItem>
  readonly #listSelections: Table<ListSelection>
  readonly #listReturns: Table<ListReturn>

  constructor(extensions: readonly Extension[]) {
    this.extensions = extensions
    this.commands = commandTable(extensions)
    this.#fetchItems = table(extensions, each => each.fetchItems)
    this.#searchKeys = table(extensions, each => each.searchKeys)
    this.#searchReturns = table(extensions, each => each.searchReturns)
    this.#statusItems = table(extensions, each => each.statusItems)
    this.#selectParams = table(extensions, each => each.selectParams)
    this.#fetchModifiers = table(extensions, each => each.fetchModifiers)
    this.#storeModifiers = table(extensions, each => each.storeModifiers)
    this.#appendItems = table(extensions, each => each.appendItems)
    this.#listSelections = table(extensions, each => each.listSelections)
    this.#listReturns = table(extensions, each => each.listReturns)
  }

  /** The command of this name (`FETCH`, `UID FETCH`), if its gate is open. */
  command(name: string, facts: SessionFacts): NamedCommand | undefined {
    const found = this.commands.get(name)
    return found && isOpen(found.by.gate, facts) ? found : undefined
  }

  capabilities(facts: SessionFacts): readonly string[] {
    return this.open(facts).flatMap(each => each.capabilities?.(facts) ?? [])
  }

  open(facts: SessionFacts): readonly Extension[] {
    return this.extensions.filter(each => isOpen(each.gate, facts))
  }

  /** The items that commands of this session may name. */
  words(facts: SessionFacts): Words {
    return new OpenWords(this, facts)
  }

  fetchItem(name: string, facts: SessionFacts): FetchItem | undefined {
    return look(this.#fetchItems, name, facts)
  }

  searchKey(name: string, facts: SessionFacts): SearchKeySpec | undefined {
    return look(this.#searchKeys, name, facts)
  }

  searchReturn(name: string, facts: SessionFacts): SearchReturn | undefined {
    return look(this.#searchReturns, name, facts)
  }

  statusItem(name: string, facts: SessionFacts): StatusItemSpec | undefined {
    return look(this.#statusItems, name, facts)
  }

  selectParam(name: string, facts: SessionFacts): SelectParam | undefined {
    return look(this.#selectParams, name, facts)
  }

  fetchModifier(name: string, facts: SessionFacts): FetchModifier | undefined {
    return look(this.#fetchModifiers, name, facts)
  }

  storeModifier(name: string, facts: SessionFacts): StoreModifier | undefined {
    return look(this.#storeModifiers, name, facts)
  }

  appendItem(name: string, facts: SessionFacts): AppendItem | undefined {
    return look(this.#appendItems, name, facts)
  }

  listSelection(name: string, facts: SessionFacts): ListSelection | undefined {
    return look(this.#listSelections, name, facts)
  }

  listReturn(name: string, facts: SessionFacts): ListReturn | undefined {
    return look(this.#listReturns, name, facts)
  }
}

function look<T>(from: Table<T>, name: string, facts: SessionFacts): T | undefined {
  const held = from.get(name)
  return held && isOpen(held.by.gate, facts) ? held.spec : undefined
}

/** The registry's items as far as their gates are open in one session. */
class OpenWords implements Words {
  readonly #registry: Registry
  readonly #facts: SessionFacts

  constructor(registry: Registry, facts: SessionFacts) {
    this.#registry = registry
    this.#facts = facts
  }

  fetchItem(name: string): FetchItem | undefined {
    return this.#registry.fetchItem(name, this.#facts)
  }

  searchKey(name: string): SearchKeySpec | undefined {
    return this.#registry.searchKey(name, this.#facts)
  }

  searchReturn(name: string): SearchReturn | undefined {
    return this.#registry.searchReturn(name, this.#facts)
  }

  statusItem(name: string): StatusItemSpec | undefined {
    return this.#registry.statusItem(name, this.#facts)
  }

  selectParam(name: string): SelectParam | undefined {
    return this.#registry.selectParam(name, this.#facts)
  }

  fetchModifier(name: string): FetchModifier | undefined {
    return this.#registry.fetchModifier(name, this.#facts)
  }

  storeModifier(name: string): StoreModifier | undefined {
    return this.#registry.storeModifier(name, this.#facts)
  }

  appendItem(name: string): AppendItem | undefined {
    return this.#registry.appendItem(name, this.#facts)
  }

  listSelection(name: string): ListSelection | undefined {
    return this.#registry.listSelection(name, this.#facts)
  }

  listReturn(name: string): ListReturn | undefined {
    return this.#registry.listReturn(name, this.#facts)
  }
}

function isOpen(gate: Gate, facts: SessionFacts): boolean {
  switch (gate.kind) {
    case 'free':
      return true
    case 'handlers':
      return gate.names.every(name => facts.handles(name))
    case 'supplies':
      return gate.items.every(item => facts.supplies(item))
    case 'transport':
      return gate.can === 'tls' ? facts.canTls : facts.canDeflate
    case 'limits':
      return gate.names.some(name => isLimited(facts.limits, name))
    case 'all':
      return gate.of.every(each => isOpen(each, facts))
  }
}

function commandTable(extensions: readonly Extension[]): ReadonlyMap<string, NamedCommand> {
  const commands = new Map<string, NamedCommand>()
  const add = (name: string, command: NamedCommand): void => {
    if (commands.has(name)) throw usageError(`two IMAP commands are called ${name}`)
    commands.set(name, command)
  }
  for (const by of extensions) {
    for (const spec of by.commands ?? []) {
      if (!spec.onlyUid) add(spec.name, { by, spec, byUid: false })
      if (spec.uid || spec.onlyUid) add(`UID ${spec.name}`, { by, spec, byUid: true })
    }
  }
  return commands
}

function table<T extends { readonly name: string }>(
  extensions: readonly Extension[],
  contributed: (extension: Extension) => readonly T[] | undefined,
): Table<T> {
  const out = new Map<string, Held<T>>()
  for (const by of extensions) {
    for (const spec of contributed(by) ?? []) {
      if (out.has(spec.name)) throw usageError(`two IMAP items are called ${spec.name}`)
      out.set(spec.name, { by, spec })
    }
  }
  return out
}
