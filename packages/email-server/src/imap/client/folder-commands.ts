// Commands about mailboxes as such, callback or promise.
import { type Callback, settle } from '../../base/callback.ts'
import { Emitter } from '../../base/emitter.ts'
import type { ClientCore, Work } from './core.ts'
import type { MetadataOptions, MetadataValues, QuotaInfo, QuotaRoots } from './extras.ts'
import * as extras from './extras.ts'
import type {
  CreatedFolder,
  CreateOptions,
  FolderStatus,
  ListExtendedOptions,
  ListedFolder,
  NamespaceInfo,
  StatusItem,
} from './folders.ts'
import * as folders from './folders.ts'
import type { ListedRights } from './rights.ts'
import * as rights from './rights.ts'

/** `[options?, callback?]` as they came. */
export function optional<O, T>(
  a: O | Callback<T> | undefined,
  b: Callback<T> | undefined,
): [O | undefined, Callback<T> | undefined] {
  return typeof a === 'function' ? [undefined, a as Callback<T>] : [a as O | undefined, b]
}

export abstract class ImapFolderCommands<
  Events extends { [K in keyof Events]: readonly unknown[] },
> extends Emitter<Events> {
  /** What commands are said through, for commands only; resolves when they may be said. */
  abstract core(): Promise<ClientCore>

  /** What a caller has done wrong is told like everything else. */
  protected run<T>(make: () => Work<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    return settle(this.#try(make), callback)
  }

  async #try<T>(make: () => Work<T>): Promise<T> {
    const work = make()
    return work.run(await this.core())
  }

  namespace(): Promise<NamespaceInfo>
  namespace(callback: Callback<NamespaceInfo>): void
  namespace(callback?: Callback<NamespaceInfo>): Promise<NamespaceInfo> | undefined {
    return this.run(() => folders.namespace, callback)
  }

  list(reference: string, pattern: string): Promise<ListedFolder[]>
  list(reference: string, pattern: string, callback: Callback<ListedFolder[]>): void
  list(
    reference: string,
    pattern: string,
    callback?: Callback<ListedFolder[]>,
  ): Promise<ListedFolder[]> | undefined {
    return this.run(() => folders.list(reference, pattern), callback)
  }

  listExtended(options: ListExtendedOptions): Promise<ListedFolder[]>
  listExtended(options: ListExtendedOptions, callback: Callback<ListedFolder[]>): void
  listExtended(
    options: ListExtendedOptions,
    callback?: Callback<ListedFolder[]>,
  ): Promise<ListedFolder[]> | undefined {
    return this.run(() => folders.listExtended(options), callback)
  }

  lsub(reference: string, pattern: string): Promise<ListedFolder[]>
  lsub(reference: string, pattern: string, callback: Callback<ListedFolder[]>): void
  lsub(
    reference: string,
    pattern: string,
    callback?: Callback<ListedFolder[]>,
  ): Promise<ListedFolder[]> | undefined {
    return this.run(() => folders.lsub(reference, pattern), callback)
  }

  /** Default: MESSAGES, UIDNEXT, UIDVALIDITY and UNSEEN. */
  status(folder: string, items?: readonly StatusItem[]): Promise<FolderStatus>
  status(folder: string, items: readonly StatusItem[] | undefined, callback: Callback<FolderStatus>): void
  status(
    folder: string,
    items?: readonly StatusItem[],
    callback?: Callback<FolderStatus>,
  ): Promise<FolderStatus> | undefined {
    return this.run(() => folders.status(folder, items), callback)
  }

  create(name: string, options?: CreateOptions): Promise<CreatedFolder>
  create(name: string, options: CreateOptions | undefined, callback: Callback<CreatedFolder>): void
  create(
    name: string,
    options?: CreateOptions,
    callback?: Callback<CreatedFolder>,
  ): Promise<CreatedFolder> | undefined {
    return this.run(() => folders.create(name, options?.specialUse), callback)
  }

  delete(name: string): Promise<void>
  delete(name: string, callback: Callback<void>): void
  delete(name: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => folders.named('DELETE', name), callback)
  }

  rename(from: string, to: string): Promise<void>
  rename(from: string, to: string, callback: Callback<void>): void
  rename(from: string, to: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => folders.named('RENAME', from, to), callback)
  }

  subscribe(name: string): Promise<void>
  subscribe(name: string, callback: Callback<void>): void
  subscribe(name: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => folders.named('SUBSCRIBE', name), callback)
  }

  unsubscribe(name: string): Promise<void>
  unsubscribe(name: string, callback: Callback<void>): void
  unsubscribe(name: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => folders.named('UNSUBSCRIBE', name), callback)
  }

  getQuota(root: string): Promise<QuotaInfo>
  getQuota(root: string, callback: Callback<QuotaInfo>): void
  getQuota(root: string, callback?: Callback<QuotaInfo>): Promise<QuotaInfo> | undefined {
    return this.run(() => extras.getQuota(root), callback)
  }

  getQuotaRoot(folder: string): Promise<QuotaRoots>
  getQuotaRoot(folder: string, callback: Callback<QuotaRoots>): void
  getQuotaRoot(folder: string, callback?: Callback<QuotaRoots>): Promise<QuotaRoots> | undefined {
    return this.run(() => extras.getQuotaRoot(folder), callback)
  }

  /** STORAGE in octets. */
  setQuota(root: string, limits: Readonly<Record<string, number>>): Promise<QuotaInfo>
  setQuota(root: string, limits: Readonly<Record<string, number>>, callback: Callback<QuotaInfo>): void
  setQuota(
    root: string,
    limits: Readonly<Record<string, number>>,
    callback?: Callback<QuotaInfo>,
  ): Promise<QuotaInfo> | undefined {
    return this.run(() => extras.setQuota(root, limits), callback)
  }

  /** Of a mailbox; with '' of the server. */
  getMetadata(
    folder: string,
    paths: string | readonly string[],
    options?: MetadataOptions,
  ): Promise<MetadataValues>
  getMetadata(folder: string, paths: string | readonly string[], callback: Callback<MetadataValues>): void
  getMetadata(
    folder: string,
    paths: string | readonly string[],
    options: MetadataOptions,
    callback: Callback<MetadataValues>,
  ): void
  getMetadata(
    folder: string,
    paths: string | readonly string[],
    options?: MetadataOptions | Callback<MetadataValues>,
    callback?: Callback<MetadataValues>,
  ): Promise<MetadataValues> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => extras.getMetadata(folder, paths, given ?? {}), then)
  }

  /** Null removes an entry. */
  setMetadata(folder: string, entries: Readonly<Record<string, Uint8Array | string | null>>): Promise<void>
  setMetadata(
    folder: string,
    entries: Readonly<Record<string, Uint8Array | string | null>>,
    callback: Callback<void>,
  ): void
  setMetadata(
    folder: string,
    entries: Readonly<Record<string, Uint8Array | string | null>>,
    callback?: Callback<void>,
  ): Promise<void> | undefined {
    return this.run(() => extras.setMetadata(folder, entries), callback)
  }

  /** Rights by identifier (RFC 4314). */
  getAcl(folder: string): Promise<Readonly<Record<string, string>>>
  getAcl(folder: string, callback: Callback<Readonly<Record<string, string>>>): void
  getAcl(
    folder: string,
    callback?: Callback<Readonly<Record<string, string>>>,
  ): Promise<Readonly<Record<string, string>>> | undefined {
    return this.run(() => rights.getAcl(folder), callback)
  }

  /** `granted`: letters; with `+` or `-` in front these are added or taken away. */
  setAcl(folder: string, identifier: string, granted: string): Promise<void>
  setAcl(folder: string, identifier: string, granted: string, callback: Callback<void>): void
  setAcl(
    folder: string,
    identifier: string,
    granted: string,
    callback?: Callback<void>,
  ): Promise<void> | undefined {
    return this.run(() => rights.setAcl(folder, identifier, granted), callback)
  }

  deleteAcl(folder: string, identifier: string): Promise<void>
  deleteAcl(folder: string, identifier: string, callback: Callback<void>): void
  deleteAcl(folder: string, identifier: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => rights.deleteAcl(folder, identifier), callback)
  }

  listRights(folder: string, identifier: string): Promise<ListedRights>
  listRights(folder: string, identifier: string, callback: Callback<ListedRights>): void
  listRights(
    folder: string,
    identifier: string,
    callback?: Callback<ListedRights>,
  ): Promise<ListedRights> | undefined {
    return this.run(() => rights.listRights(folder, identifier), callback)
  }

  myRights(folder: string): Promise<string>
  myRights(folder: string, callback: Callback<string>): void
  myRights(folder: string, callback?: Callback<string>): Promise<string> | undefined {
    return this.run(() => rights.myRights(folder), callback)
  }
}
