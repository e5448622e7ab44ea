// The public surface of @email-server/store.
export type { AccountInfo } from './accounts/accounts.ts'
export type { Alias } from './accounts/aliases.ts'
export type { AppPassword } from './accounts/app-passwords.ts'
export type {
  ArrivedMail,
  AttachOptions,
  MailServer,
  MailSession,
  RecipientAnswer,
  SubmittedMail,
} from './attach.ts'
export type { S3Options } from './bodies/s3-options.ts'
export type { Change, Watcher } from './changes.ts'
export type { Limits, Usage } from './folders/quota.ts'
export type { MailboxAccess } from './mailbox-handlers.ts'
export { openStore, type StoreOptions } from './open-store.ts'
export type { OutboundQueue } from './queue/outbound-queue.ts'
export type { Store, StoredMessage } from './store.ts'
export type { ExportImapOptions } from './transfer/export-imap.ts'
export type { ImapProgress, ImapTransferOptions, ImportImapOptions } from './transfer/import-imap.ts'
export {
  type MaildirFolder,
  MaildirWriter,
  maildirFolders,
  type NamedMessage,
  readMaildir,
} from './transfer/maildir.ts'
export { type ReadMboxOptions, readMbox, writeMbox } from './transfer/mbox.ts'
export { type ReadImapOptions, readIMAP } from './transfer/read-imap.ts'
export type {
  ImportOptions,
  ImportProgress,
  MessageOrigin,
  RefusedMessage,
  TransferMessage,
} from './transfer/transfer.ts'
export type { BackupOptions, BackupProgress } from './upkeep/backup.ts'
export type { VerifyOptions, VerifyProgress, VerifyReport } from './upkeep/verify.ts'
